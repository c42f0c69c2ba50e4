#include "betrace/storage/log_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace betrace::storage {
namespace {

constexpr std::size_t kRawBatchMax = 256;

}  // namespace

void CommitWait::finish(Result<std::uint64_t> result) {
  const std::lock_guard lock(mutex_);
  if (!result_) result_ = std::move(result);
  changed_.notify_all();
}

Result<std::uint64_t> CommitWait::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return result_.has_value(); });
  return *result_;
}

bool LogQueue::push(PendingRecord record) {
  std::unique_lock lock(mutex_);
  room_.wait(lock, [this] { return is_closed_ || has_room(); });
  if (is_closed_) return false;
  ++records_;
  ++violations_.pushed;
  bytes_ += record.byte_count;
  raw_.push_back(std::move(record));
  raw_ready_.notify_one();
  return true;
}

bool LogQueue::push_serialised(std::vector<PendingRecord> records) {
  const std::lock_guard lock(mutex_);
  if (is_closed_) return false;
  for (PendingRecord& record : records) {
    ++records_;
    ++others_.pushed;
    bytes_ += record.byte_count;
    serialised_bytes_ += record.record.payload.size();
    serialised_.push_back(std::move(record));
  }
  group_ready_.notify_one();
  return true;
}

std::vector<PendingRecord> LogQueue::take_raw() {
  std::unique_lock lock(mutex_);
  raw_ready_.wait(lock, [this] { return is_closed_ || !raw_.empty(); });
  const auto end = raw_.begin() + static_cast<std::ptrdiff_t>(std::min(raw_.size(), kRawBatchMax));
  std::vector<PendingRecord> batch(std::make_move_iterator(raw_.begin()),
                                   std::make_move_iterator(end));
  raw_.erase(raw_.begin(), end);
  return batch;
}

void LogQueue::hand_on(std::vector<PendingRecord> records) {
  const std::lock_guard lock(mutex_);
  for (PendingRecord& record : records) {
    serialised_bytes_ += record.record.payload.size();
    serialised_.push_back(std::move(record));
  }
  group_ready_.notify_one();
}

std::vector<PendingRecord> LogQueue::take_group(std::chrono::milliseconds wait) {
  std::unique_lock lock(mutex_);
  group_ready_.wait_for(lock, wait, [this] { return is_closed_ || !serialised_.empty(); });
  if (serialised_.empty()) return {};
  // Let company arrive, but nobody waits longer than group_time.
  group_ready_.wait_for(lock, limits_.group_time, [this] { return is_group_due(); });
  std::vector<PendingRecord> group;
  std::size_t group_bytes = 0;
  while (!serialised_.empty()) {
    PendingRecord& next = serialised_.front();
    const std::size_t size = next.record.payload.size();
    const bool is_bound =
        !group.empty() && next.waiter != nullptr && group.back().waiter == next.waiter;
    const bool is_over =
        group.size() >= limits_.group_records_max || group_bytes + size > limits_.group_bytes_max;
    if (!group.empty() && is_over && !is_bound) break;
    group_bytes += size;
    serialised_bytes_ -= size;
    group.push_back(std::move(next));
    serialised_.pop_front();
  }
  return group;
}

void LogQueue::release(const std::vector<PendingRecord>& records) {
  const std::lock_guard lock(mutex_);
  for (const PendingRecord& record : records) {
    const bool is_violation = record.record.violation_id.has_value();
    ++(is_violation ? violations_ : others_).released;
    --records_;
    bytes_ -= record.byte_count;
  }
  room_.notify_all();
  released_.notify_all();
}

std::vector<PendingRecord> LogQueue::take_waiting() {
  const std::lock_guard lock(mutex_);
  std::vector<PendingRecord> waiting;
  std::deque<PendingRecord> others;
  for (PendingRecord& record : serialised_) {
    if (record.waiter == nullptr) {
      others.push_back(std::move(record));
    } else {
      serialised_bytes_ -= record.record.payload.size();
      waiting.push_back(std::move(record));
    }
  }
  serialised_ = std::move(others);
  return waiting;
}

void LogQueue::close() {
  const std::lock_guard lock(mutex_);
  is_closed_ = true;
  room_.notify_all();
  raw_ready_.notify_all();
  group_ready_.notify_all();
}

bool LogQueue::wait_until_released(std::chrono::milliseconds wait) {
  std::unique_lock lock(mutex_);
  const std::uint64_t violations = violations_.pushed;
  const std::uint64_t others = others_.pushed;
  return released_.wait_for(
      lock, wait, [&] { return violations_.released >= violations && others_.released >= others; });
}

bool LogQueue::is_drained() const {
  const std::lock_guard lock(mutex_);
  return is_closed_ && records_ == 0;
}

bool LogQueue::is_full() const {
  const std::lock_guard lock(mutex_);
  return !has_room();
}

std::uint64_t LogQueue::records() const {
  const std::lock_guard lock(mutex_);
  return records_;
}

std::uint64_t LogQueue::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace betrace::storage
