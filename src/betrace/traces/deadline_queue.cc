#include "betrace/traces/deadline_queue.h"

namespace betrace::traces {
namespace {

// Outdated entries are dropped in one sweep when they outnumber the armed ones by this factor.
constexpr std::size_t kOutdatedFactor = 4;
constexpr std::size_t kSweepMin = 1024;

}  // namespace

void DeadlineQueue::arm(std::uint32_t index, MonotonicTime deadline) {
  if (index >= armed_.size()) armed_.resize(index + 1);
  std::optional<MonotonicTime>& armed = armed_[index];
  if (armed == deadline) return;
  if (!armed.has_value()) ++armed_count_;
  armed = deadline;
  heap_.push(Entry{deadline, index});
  if (heap_.size() > kSweepMin && heap_.size() > kOutdatedFactor * armed_count_) sweep();
}

void DeadlineQueue::disarm(std::uint32_t index) noexcept {
  if (index >= armed_.size() || !armed_[index].has_value()) return;
  armed_[index].reset();
  --armed_count_;
}

std::optional<MonotonicTime> DeadlineQueue::deadline(std::uint32_t index) const noexcept {
  return index < armed_.size() ? armed_[index] : std::nullopt;
}

std::optional<DeadlineQueue::Entry> DeadlineQueue::pop_due(MonotonicTime now) {
  while (!heap_.empty() && heap_.top().deadline <= now) {
    const Entry entry = heap_.top();
    heap_.pop();
    if (!is_current(entry)) continue;
    disarm(entry.index);
    return entry;
  }
  return std::nullopt;
}

std::optional<MonotonicTime> DeadlineQueue::earliest() const noexcept {
  if (armed_count_ == 0) return std::nullopt;
  return heap_.top().deadline;
}

bool DeadlineQueue::is_current(const Entry& entry) const noexcept {
  return armed_[entry.index] == entry.deadline;
}

void DeadlineQueue::sweep() {
  std::priority_queue<Entry, std::vector<Entry>, Later> kept;
  for (std::uint32_t index = 0; index < armed_.size(); ++index) {
    if (armed_[index].has_value()) kept.push(Entry{*armed_[index], index});
  }
  heap_ = std::move(kept);
}

}  // namespace betrace::traces
