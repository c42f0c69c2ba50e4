// The engine that `serve` starts: shards on threads of their own, behind one door.
//
// The receivers see it as a SpanSink. Each trace belongs to the shard that its id hashes to.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "betrace/base/time.h"
#include "betrace/engine/active_rules.h"
#include "betrace/engine/shard.h"
#include "betrace/engine/span_sink.h"
#include "betrace/model/violation_sink.h"

namespace betrace::engine {

struct EngineOptions {
  /// Of every shard, but that they share the memory for traces and the noise bound.
  ShardOptions shard;
  std::size_t shards = 1;                            ///< `workers`
  std::uint64_t queue_bytes_max = 64 * 1024 * 1024;  ///< `limits.ingest_queue`
  std::chrono::milliseconds tick{10};                ///< How often deadlines are looked at.
  /// Reads both clocks; tests replace it.
  std::function<Now()> clock = read_clocks;
  /// True while the process is above its soft memory limit (`limits.memory`); may be empty.
  std::function<bool()> is_memory_short;
};

/// Thread-safe.
class Engine : public SpanSink {
 public:
  /// `rules` and `sink` must outlive the engine; `sink` and `hooks` are called on any shard's
  /// thread.
  Engine(EngineOptions options, const ActiveRules& rules, model::ViolationSink& sink,
         const ShardHooks& hooks = {});
  ~Engine() override;  ///< Stops without deciding the open traces.

  /// Starts the threads. Until then nothing is admitted.
  void start();

  /// Refusals: `stopping` before start() and after drain(); `memory`; `log.pending` while the sink
  /// is full; `ingest_queue` when the queues have no room for `bytes` more.
  [[nodiscard]] std::optional<Refusal> admit(std::size_t bytes) override;
  /// The intake must not outlive the engine.
  [[nodiscard]] std::unique_ptr<SpanIntake> open(const SpanOrigin& origin) override;

  /// Stops admitting, judges what is queued, closes the open traces as `shutdown` and ends the
  /// threads. What was admitted before and is submitted later is judged by the thread that submits
  /// it. Returns false if that took longer than `grace`; then each thread is told to end after
  /// the record it is at, what is left is undecided(), and spans that wait or come count as
  /// dropped.
  bool drain(std::chrono::milliseconds grace);

  /// Waits until all that was submitted before the call is judged; for tests. False after `wait`.
  bool wait_until_idle(std::chrono::milliseconds wait);

  /// The numbers of all shards together, at most one tick old.
  [[nodiscard]] ShardStatistics statistics() const;

  /// Bytes that wait in the queues.
  [[nodiscard]] std::uint64_t queued_bytes() const noexcept;

  /// Traces that a drain which ran out of time left open.
  [[nodiscard]] std::uint64_t undecided() const noexcept;

 private:
  class Core;
  class Intake;
  std::unique_ptr<Core> core_;
};

}  // namespace betrace::engine
