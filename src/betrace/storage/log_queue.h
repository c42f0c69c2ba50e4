// What waits for the log: records on their way from the engine to the next commit.
//
// Two stages share it: the record thread turns violations into payloads, the log thread takes whole
// groups. Bounded by records and bytes; order is kept.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "betrace/storage/log_record.h"

namespace betrace::storage {

/// Somebody who waits for records to be committed. Thread-safe.
class CommitWait {
 public:
  /// Tells the result of the first record's commit: its sequence, or why it failed.
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
  std::shared_ptr<CommitWait> waiter;               ///< Null: nobody waits.
  bool is_last_of_waiter = false;
  std::uint64_t byte_count = 0;  ///< Accounted while it is pending.
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

  /// Adds records that belong together; waits while the queue is full. Raw ones (without payload)
  /// go to the record thread first.
  void push(std::vector<PendingRecord> records);

  /// For the record thread: the next record to serialise; nothing once stop() was called and none
  /// is left.
  [[nodiscard]] std::optional<PendingRecord> take_raw();
  /// Hands a serialised record on.
  void push_serialised(PendingRecord record);

  /// For the log thread: a group that is due, waiting at most `wait` for its first record. Empty if
  /// there is none.
  [[nodiscard]] std::vector<PendingRecord> take_group(std::chrono::milliseconds wait);
  /// The group is committed: its records are no longer pending.
  void release(const std::vector<PendingRecord>& group);

  /// No more raw records will come; take_raw() then ends.
  void stop();
  /// Waits until nothing is pending; false after `wait`.
  [[nodiscard]] bool wait_until_empty(std::chrono::milliseconds wait);

  [[nodiscard]] bool is_full() const;
  [[nodiscard]] std::uint64_t records() const;
  [[nodiscard]] std::uint64_t bytes() const;

 private:
  [[nodiscard]] bool has_room() const {
    return records_ < limits_.records_max && bytes_ < limits_.bytes_max;
  }

  const LogQueueLimits limits_;
  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::condition_variable raw_ready_;
  std::condition_variable group_ready_;
  std::condition_variable empty_;
  std::deque<PendingRecord> raw_;
  std::deque<PendingRecord> serialised_;
  std::uint64_t records_ = 0;  // in both queues and in the group that is being committed
  std::uint64_t bytes_ = 0;
  bool is_stopping_ = false;
};

}  // namespace betrace::storage
