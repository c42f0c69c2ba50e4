// Runs a shard on a thread of its own, behind a bounded queue: what `serve` starts.
//
// The receivers see it as a SpanSink. This is the only file of the engine that reads clocks.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "betrace/base/time.h"
#include "betrace/engine/active_rules.h"
#include "betrace/engine/shard.h"
#include "betrace/engine/span_sink.h"
#include "betrace/model/violation_sink.h"

namespace betrace::engine {

struct EngineOptions {
  ShardOptions shard;
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
  /// `rules` and `sink` must outlive the engine.
  Engine(EngineOptions options, const ActiveRules& rules, model::ViolationSink& sink,
         ShardHooks hooks = {});
  ~Engine() override;  ///< Stops without deciding the open traces.

  /// Starts the shard's thread. Until then nothing is admitted.
  void start();

  /// Refusals: `stopping` before start() and after drain(); `memory`; `log.pending` while the sink
  /// is full; `ingest_queue` when the queue has no room for `bytes` more.
  [[nodiscard]] std::optional<Refusal> admit(std::size_t bytes) override;
  /// The intake must not outlive the engine.
  [[nodiscard]] std::unique_ptr<SpanIntake> open(std::string_view protocol) override;

  /// Stops admitting, judges what is queued, closes the open traces as `shutdown` and ends the
  /// thread. Returns false if that took longer than `grace`; then the thread is told to end after
  /// the record it is at, and what is left is undecided().
  bool drain(std::chrono::milliseconds grace);

  /// Waits until all that was submitted before the call is judged; for tests. False after `wait`.
  bool wait_until_idle(std::chrono::milliseconds wait);

  /// A copy of the shard's numbers, at most one tick old.
  [[nodiscard]] ShardStatistics statistics() const;

  /// Bytes that wait in the queue.
  [[nodiscard]] std::uint64_t queued_bytes() const noexcept;

  /// Traces that a drain which ran out of time left open.
  [[nodiscard]] std::uint64_t undecided() const noexcept;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace betrace::engine
