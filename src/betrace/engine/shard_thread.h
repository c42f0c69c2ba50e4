// A shard on a thread of its own, behind a queue: batches in, violations out, deadlines kept.
//
// engine/engine.cc runs as many as there are workers; each owns the traces that hash to it.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "betrace/base/time.h"
#include "betrace/engine/batch_stock.h"
#include "betrace/engine/shard.h"

namespace betrace::engine {

struct ShardThreadOptions {
  std::chrono::milliseconds tick{10};  ///< How often deadlines are looked at.
  std::function<Now()> clock;
};

/// Thread-safe. Every batch that is pushed after start() is judged, in order, or counted as dropped
/// because a drain ran out of time.
class ShardThread {
 public:
  /// Batches that were judged go to `stock`.
  ShardThread(ShardThreadOptions options, std::unique_ptr<Shard> shard,
              std::shared_ptr<BatchStock> stock);
  ~ShardThread();  ///< Ends without deciding the open traces.
  ShardThread(const ShardThread&) = delete;
  ShardThread& operator=(const ShardThread&) = delete;

  void start();

  /// The batch counts as arrived now, and is judged within a tick. Never blocks for long, unless
  /// the thread has drained: then the caller judges the batch and closes its traces, for a request
  /// may be admitted before a drain begins and be read when it has ended.
  void push(SpanBatch batch);

  /// Asks the thread to judge what is queued, to close the open traces as `shutdown` and to end.
  void begin_drain();
  /// Waits until it has; false if it still runs at `deadline`. Then it is told to end after the
  /// record it is at, what is left is undecided(), and spans that wait count as dropped.
  bool end_drain(std::chrono::steady_clock::time_point deadline);

  /// Waits until all that was pushed before the call is judged; false after `wait`.
  bool wait_until_idle(std::chrono::milliseconds wait);

  /// A copy of the shard's numbers, at most one tick old.
  [[nodiscard]] ShardStatistics statistics();

  [[nodiscard]] std::uint64_t queued_bytes() const noexcept { return queued_bytes_.load(); }
  /// How long the oldest batch of the queue has waited; zero if none waits.
  [[nodiscard]] std::chrono::nanoseconds queue_age();
  /// Traces that a drain which ran out of time left open.
  [[nodiscard]] std::uint64_t undecided() const noexcept { return undecided_.load(); }

 private:
  enum class Phase : std::uint8_t {
    Created,
    Running,
    Draining,
    Drained,   // the thread has ended and has judged everything
    Stopping,  // out of time: the thread ends where it is
    Stopped,
  };

  struct Item {
    SpanBatch batch;
    std::uint64_t bytes = 0;
    MonotonicTime arrival;
  };
  using Lock = std::unique_lock<std::mutex>;

  void enter(Phase phase);
  [[nodiscard]] bool is_running() const;
  void run();
  [[nodiscard]] bool has_work() const;
  void step(Lock* lock);
  void close_traces(Lock* lock);
  void judge_late(const Item& item);
  void drop(const SpanBatch& batch);
  void take_snapshot();

  const ShardThreadOptions options_;
  std::unique_ptr<Shard> shard_;  // touched by the thread only, once it runs
  const std::shared_ptr<BatchStock> stock_;

  std::mutex mutex_;  // guards what follows, but for the atomics
  std::condition_variable work_;
  std::condition_variable progress_;
  Phase phase_ = Phase::Created;
  std::deque<Item> queue_;
  std::uint64_t pushed_ = 0;
  std::uint64_t judged_ = 0;
  std::uint64_t snapshots_wanted_ = 0;
  std::uint64_t snapshots_taken_ = 0;
  ShardStatistics snapshot_;
  std::uint64_t spans_dropped_ = 0;
  std::atomic<std::uint64_t> queued_bytes_{0};
  std::atomic<std::uint64_t> undecided_{0};
  std::thread thread_;
};

}  // namespace betrace::engine
