#include "betrace/traces/trace_table.h"

#include <algorithm>
#include <utility>

#include "betrace/base/check.h"

namespace betrace::traces {
namespace {

// What a trace costs besides its spans: the entry, a node of the id map, two list nodes, a
// deadline.
constexpr std::uint64_t kTraceOverheadBytes = 512;

// Of the budget, the part that remembers evicted ids.
constexpr std::uint64_t kFilterShare = 16;

}  // namespace

TraceTable::TraceTable(const TableLimits& limits)
    : limits_(limits),
      by_id_(0, KeyedHash(limits.hash_key)),
      filter_(limits.bytes_max / kFilterShare, limits.hash_key),
      late_window_(limits.late_max) {}

std::optional<TraceIndex> TraceTable::find(const model::TraceId& id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? std::nullopt : std::optional(found->second);
}

TraceIndex TraceTable::open(const model::TraceId& id, MonotonicTime now) {
  TraceIndex index = 0;
  if (free_.empty()) {
    index = static_cast<TraceIndex>(entries_.size());
    entries_.emplace_back();
  } else {
    index = free_.back();
    free_.pop_back();
  }
  BETRACE_CHECK(by_id_.emplace(id, index).second);
  Entry& entry = entries_[index];
  entry.state.emplace(id, now, filter_.contains(id), limits_.hash_key);
  entry.by_arrival = open_by_arrival_.insert(open_by_arrival_.end(), index);
  entry.by_opening = open_by_opening_.insert(open_by_opening_.end(), index);
  account(&entry);
  arm(index);
  return index;
}

TableAdd TraceTable::add(TraceIndex index, ArrivingSpan span, MonotonicTime now) {
  Entry& entry = entries_[index];
  if (is_full(index)) return TableAdd::Limited;
  const AddResult result = entry.state->add(std::move(span), now);
  if (result == AddResult::Conflicting) return TableAdd::Conflicting;
  if (result == AddResult::Duplicate) return TableAdd::Duplicate;
  account(&entry);
  if (!entry.closed_for.has_value()) {
    open_by_arrival_.splice(open_by_arrival_.end(), open_by_arrival_, entry.by_arrival);
    arm(index);
  } else if (is_full(index)) {
    // An open trace would close for this; a closed one can only say that it takes no more.
    entry.state->mark_limited();
  }
  return TableAdd::Added;
}

TraceState& TraceTable::state(TraceIndex index) noexcept { return *entries_[index].state; }

std::optional<CloseReason> TraceTable::closed_for(TraceIndex index) const noexcept {
  return entries_[index].closed_for;
}

bool TraceTable::is_full(TraceIndex index) const noexcept {
  return traces::is_full(entries_[index].state->activity(), limits_.closure);
}

std::optional<DueTrace> TraceTable::next_due(MonotonicTime now) {
  while (const auto due = deadlines_.pop_due(now)) {
    // Judged at its deadline, not at `now`: how often the owner asks must not change the reason.
    TraceState& trace = *entries_[due->index].state;
    if (is_quiet(trace.activity(), limits_.closure, due->deadline) && trace.activity().has_root) {
      trace.settle();
    }
    const auto reason = close_reason(trace.activity(), limits_.closure, due->deadline);
    if (reason.has_value()) return DueTrace{due->index, *reason, due->deadline};
    deadlines_.arm(due->index,
                   traces::next_deadline(trace.activity(), limits_.closure, due->deadline));
  }
  return std::nullopt;
}

std::optional<TraceIndex> TraceTable::oldest_open() const noexcept {
  return open_by_opening_.empty() ? std::nullopt : std::optional(open_by_opening_.front());
}

void TraceTable::close(TraceIndex index, CloseReason reason, MonotonicTime now) {
  Entry& entry = entries_[index];
  BETRACE_CHECK(entry.state.has_value() && !entry.closed_for.has_value());
  entry.closed_for = reason;
  entry.closed_at = now;
  deadlines_.disarm(index);
  open_by_opening_.erase(entry.by_opening);
  closed_.splice(closed_.end(), open_by_arrival_, entry.by_arrival);
}

std::optional<TraceIndex> TraceTable::next_eviction(MonotonicTime now) const noexcept {
  if (closed_.empty()) return std::nullopt;
  const Entry& oldest = entries_[closed_.front()];
  const bool is_over = now - oldest.closed_at >= limits_.late_max;
  return is_over || is_memory_spent() ? std::optional(closed_.front()) : std::nullopt;
}

std::optional<TraceIndex> TraceTable::next_shed() const noexcept {
  if (!is_memory_spent() || !closed_.empty() || open_by_arrival_.empty()) return std::nullopt;
  return open_by_arrival_.front();
}

void TraceTable::evict(TraceIndex index, MonotonicTime now) {
  Entry& entry = entries_[index];
  BETRACE_CHECK(entry.closed_for.has_value());
  if (*entry.closed_for != CloseReason::Memory) {
    late_window_ = std::min<std::chrono::nanoseconds>(now - entry.closed_at, limits_.late_max);
  }
  filter_.insert(entry.state->id());
  by_id_.erase(entry.state->id());
  closed_.erase(entry.by_arrival);
  bytes_ -= entry.bytes;
  entry = Entry{};
  free_.push_back(index);
}

void TraceTable::charge(TraceIndex index, std::uint64_t bytes) noexcept {
  Entry& entry = entries_[index];
  entry.extra_bytes += bytes;
  account(&entry);
}

std::optional<MonotonicTime> TraceTable::next_deadline() const noexcept {
  std::optional<MonotonicTime> next = deadlines_.earliest();
  if (!closed_.empty()) {
    const MonotonicTime eviction = entries_[closed_.front()].closed_at + limits_.late_max;
    next = next.has_value() ? std::min(*next, eviction) : eviction;
  }
  return next;
}

bool TraceTable::is_memory_spent() const noexcept { return memory_bytes() > limits_.bytes_max; }

void TraceTable::account(Entry* entry) noexcept {
  const std::uint64_t bytes =
      kTraceOverheadBytes + entry->state->memory_bytes() + entry->extra_bytes;
  bytes_ = bytes_ - entry->bytes + bytes;
  entry->bytes = bytes;
}

void TraceTable::arm(TraceIndex index) {
  const TraceActivity& activity = entries_[index].state->activity();
  const MonotonicTime wanted = std::min(activity.last_arrival + limits_.closure.quiet,
                                        activity.first_arrival + limits_.closure.age_max);
  // One that comes too early is looked at and armed again; most arrivals thus cost nothing here.
  const auto armed = deadlines_.deadline(index);
  if (!armed.has_value() || wanted < *armed) deadlines_.arm(index, wanted);
}

}  // namespace betrace::traces
