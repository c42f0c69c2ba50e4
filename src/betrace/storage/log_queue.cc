#include "betrace/storage/log_queue.h"

#include <utility>

namespace betrace::storage {

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

void LogQueue::push(std::vector<PendingRecord> records) {
  std::unique_lock lock(mutex_);
  room_.wait(lock, [this] { return has_room(); });
  for (PendingRecord& record : records) {
    ++records_;
    bytes_ += record.byte_count;
    // A record behind raw ones must not overtake them.
    raw_.push_back(std::move(record));
  }
  raw_ready_.notify_one();
}

std::optional<PendingRecord> LogQueue::take_raw() {
  std::unique_lock lock(mutex_);
  raw_ready_.wait(lock, [this] { return is_stopping_ || !raw_.empty(); });
  if (raw_.empty()) return std::nullopt;
  PendingRecord record = std::move(raw_.front());
  raw_.pop_front();
  return record;
}

void LogQueue::push_serialised(PendingRecord record) {
  const std::lock_guard lock(mutex_);
  serialised_.push_back(std::move(record));
  group_ready_.notify_one();
}

std::vector<PendingRecord> LogQueue::take_group(std::chrono::milliseconds wait) {
  std::unique_lock lock(mutex_);
  group_ready_.wait_for(lock, wait, [this] { return is_stopping_ || !serialised_.empty(); });
  if (serialised_.empty()) return {};
  // Let company arrive, but nobody waits longer than group_time.
  group_ready_.wait_for(lock, limits_.group_time,
                        [this] { return serialised_.size() >= limits_.group_records_max; });
  std::vector<PendingRecord> group;
  std::size_t group_bytes = 0;
  while (!serialised_.empty() && group.size() < limits_.group_records_max) {
    const std::size_t next = serialised_.front().record.payload.size();
    if (!group.empty() && group_bytes + next > limits_.group_bytes_max) break;
    group_bytes += next;
    group.push_back(std::move(serialised_.front()));
    serialised_.pop_front();
  }
  return group;
}

void LogQueue::release(const std::vector<PendingRecord>& group) {
  const std::lock_guard lock(mutex_);
  for (const PendingRecord& record : group) {
    --records_;
    bytes_ -= record.byte_count;
  }
  room_.notify_all();
  if (records_ == 0) empty_.notify_all();
}

void LogQueue::stop() {
  const std::lock_guard lock(mutex_);
  is_stopping_ = true;
  raw_ready_.notify_all();
  group_ready_.notify_all();
}

bool LogQueue::wait_until_empty(std::chrono::milliseconds wait) {
  std::unique_lock lock(mutex_);
  return empty_.wait_for(lock, wait, [this] { return records_ == 0; });
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
