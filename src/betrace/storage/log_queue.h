// What waits for the log: records on their way from the engine to the next commit.
//
// Two stages share it: the record thread turns violations into payloads, the log thread takes whole
// groups. Bounded by records and bytes. Violations keep their order; records that come serialised
// (rule changes, gaps) need no record thread and may overtake them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "betrace/evidence/key_ring.h"
#include "betrace/storage/log_record.h"

namespace betrace::storage {

/// Somebody who waits for records to be committed. Thread-safe.
class CommitWait {
 public:
  /// Tells the result: the sequence of the first record, or why there is none. The first call
  /// counts.
  void finish(Result<std::uint64_t> result);
  [[nodiscard]] Result<std::uint64_t> wait();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Result<std::uint64_t>> result_;
};

/// One record on its way. Movable.
struct PendingRecord {
  std::optional<model::ViolationRecord> violation;  ///< Kept for publishing.
  LogRecord record;                                 ///< Empty payload until it is serialised.
  std::shared_ptr<CommitWait> waiter;  ///< Records of one waiter are committed together.
  std::uint64_t byte_count = 0;        ///< Accounted while it is pending.
  /// The log thread makes the record: it changes the key, and this is what becomes of the old one.
  std::optional<evidence::KeyStatus> rotation;
};

/// Bounds of the queue and of one group.
struct LogQueueLimits {
  std::uint64_t records_max = 200'000;
  std::uint64_t bytes_max = 128ULL * 1024 * 1024;
  std::size_t group_records_max = 4'096;
  std::size_t group_bytes_max = 2ULL * 1024 * 1024;
  std::chrono::milliseconds group_time{3};
};

/// Thread-safe.
class LogQueue {
 public:
  explicit LogQueue(const LogQueueLimits& limits) : limits_(limits) {}

  /// Adds a violation that is to be serialised; waits while the queue is full. False once the queue
  /// is closed.
  bool push(PendingRecord record);
  /// Adds serialised records that belong together, full or not. False once the queue is closed.
  bool push_serialised(std::vector<PendingRecord> records);

  /// For the record thread: what is to be serialised next, at most 256; empty once the queue is
  /// closed and none is left.
  [[nodiscard]] std::vector<PendingRecord> take_raw();
  /// Hands them on.
  void hand_on(std::vector<PendingRecord> records);

  /// For the log thread: a group that is due, waiting at most `wait` for its first record. Empty if
  /// there is none. Only records of one waiter may exceed the bounds of a group.
  [[nodiscard]] std::vector<PendingRecord> take_group(std::chrono::milliseconds wait);
  /// These records are no longer pending: committed, or given up.
  void release(const std::vector<PendingRecord>& records);
  /// Takes out what somebody waits for and is not in a group yet.
  [[nodiscard]] std::vector<PendingRecord> take_waiting();

  /// Nothing is accepted any more and nobody waits for room; what is in it can still be taken.
  void close();
  /// Waits until all that was pushed before the call is released; false after `wait`.
  [[nodiscard]] bool wait_until_released(std::chrono::milliseconds wait);

  /// Closed, and nothing is in it.
  [[nodiscard]] bool is_drained() const;
  [[nodiscard]] bool is_full() const;
  [[nodiscard]] std::uint64_t records() const;
  [[nodiscard]] std::uint64_t bytes() const;

 private:
  // Each way through the queue keeps its order, so counting is enough to know what has left it.
  struct Way {
    std::uint64_t pushed = 0;
    std::uint64_t released = 0;
  };

  [[nodiscard]] bool has_room() const {
    return records_ < limits_.records_max && bytes_ < limits_.bytes_max;
  }
  [[nodiscard]] bool is_group_due() const {
    return is_closed_ || serialised_.size() >= limits_.group_records_max ||
           serialised_bytes_ >= limits_.group_bytes_max;
  }

  const LogQueueLimits limits_;
  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::condition_variable raw_ready_;
  std::condition_variable group_ready_;
  std::condition_variable released_;
  std::deque<PendingRecord> raw_;
  std::deque<PendingRecord> serialised_;
  std::uint64_t serialised_bytes_ = 0;
  std::uint64_t records_ = 0;  // everywhere, in the group that is being committed too
  std::uint64_t bytes_ = 0;
  Way violations_;
  Way others_;
  bool is_closed_ = false;
};

}  // namespace betrace::storage
