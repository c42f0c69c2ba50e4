#include "betrace/traces/trace_table.h"

#include <algorithm>
#include <utility>

#include "betrace/base/check.h"
#include "betrace/base/prefetch.h"

namespace betrace::traces {
namespace {

constexpr IndexChains::Chain kOpen = 0;

// Of the budget, the part that remembers evicted ids, and the part in blocks that wait for the next
// trace.
constexpr std::uint64_t kFilterShare = 16;
constexpr std::uint64_t kStockShare = 32;

}  // namespace

TraceTable::TraceTable(const TableLimits& limits)
    : limits_(limits),
      context_(limits.hash_key, limits.bytes_max / kStockShare),
      filter_(limits.bytes_max / kFilterShare, limits.hash_key),
      late_window_(limits.late_max) {}

OptionalIndex TraceTable::prefetch_state(const model::TraceId& id, Tag tag) const noexcept {
  const auto index = ids_.guess(tag);
  if (!index.has_value()) {
    filter_.prefetch(id);  // a new trace
    return std::nullopt;
  }
  prefetch_to_write(&slots_[*index], sizeof(Slot));
  by_arrival_.prefetch(*index);
  return index;
}

void TraceTable::prefetch_spans(TraceIndex index) const noexcept {
  if (index >= slots_.capacity() || !slots_[index].state.has_value()) return;
  slots_[index].state->prefetch_spans();
  by_arrival_.prefetch_neighbours(index);
}

void TraceTable::prefetch_followers(TraceIndex index) const noexcept {
  const auto next = by_arrival_.after(index);
  if (!next.has_value()) return;
  slots_[*next].state->prefetch_all();
  const auto later = by_arrival_.after(*next);
  if (!later.has_value()) return;
  prefetch_to_write(&slots_[*later], sizeof(Slot));
  by_arrival_.prefetch(*later);
}

TraceIndex TraceTable::open(const model::TraceId& id, MonotonicTime now) {
  const TraceIndex index = slots_.take();
  by_arrival_.resize(slots_.capacity());
  by_opening_.resize(slots_.capacity());
  Slot& slot = slots_[index];
  slot.state.emplace(id, now, filter_.contains(id), context_);
  slot.tag = tag_of(id);
  ids_.insert(slot.tag, index);
  by_arrival_.move_to_end(Waking, index);
  by_opening_.move_to_end(kOpen, index);
  ++open_count_;
  return index;
}

TableAdd TraceTable::add(TraceIndex index, const ArrivingSpan& span, MonotonicTime now) {
  Slot& slot = slots_[index];
  if (is_full(index)) return TableAdd::Limited;
  const AddResult result = slot.state->add(span, now);
  if (result == AddResult::Conflicting) return TableAdd::Conflicting;
  if (result == AddResult::Duplicate) return TableAdd::Duplicate;
  if (!slot.closed_for.has_value()) {
    by_arrival_.move_to_end(Waking, index);
  } else if (is_full(index)) {
    // An open trace would close for this; a closed one can only say that it takes no more.
    slot.state->mark_limited();
  }
  return TableAdd::Added;
}

std::optional<DueTrace> TraceTable::next_due(MonotonicTime now) {
  while (const auto timer = next_timer()) {
    if (timer->deadline > now) break;
    prefetch_followers(timer->index);
    // Judged at its deadline, not at `now`: how often the owner asks must not change the reason.
    TraceState& trace = *slots_[timer->index].state;
    if (is_quiet(trace.activity(), limits_.closure, timer->deadline) && trace.activity().has_root) {
      trace.settle();
    }
    const auto reason = close_reason(trace.activity(), limits_.closure, timer->deadline);
    if (reason.has_value()) {
      by_arrival_.remove(timer->index);
      by_opening_.remove(timer->index);
      return DueTrace{timer->index, *reason, timer->deadline};
    }
    by_arrival_.move_to_end(Quiet, timer->index);
  }
  return std::nullopt;
}

// The earliest deadline of an open trace: one of the heads of the chains.
std::optional<TraceTable::Timer> TraceTable::next_timer() const noexcept {
  std::optional<Timer> next;
  const auto consider = [&next](MonotonicTime deadline, TraceIndex index) {
    if (!next.has_value() || deadline < next->deadline) next = {deadline, index};
  };
  const auto activity = [this](TraceIndex index) { return slots_[index].state->activity(); };
  if (const auto index = by_opening_.first(kOpen)) {
    consider(activity(*index).first_arrival + limits_.closure.age_max, *index);
  }
  if (const auto index = by_arrival_.first(Quiet)) {
    consider(activity(*index).last_arrival + limits_.closure.idle_max, *index);
  }
  if (const auto index = by_arrival_.first(Waking)) {
    consider(activity(*index).last_arrival + limits_.closure.quiet, *index);
  }
  return next;
}

OptionalIndex TraceTable::oldest_open() const noexcept { return by_opening_.first(kOpen); }

void TraceTable::close(TraceIndex index, CloseReason reason, MonotonicTime now) {
  Slot& slot = slots_[index];
  BETRACE_CHECK(slot.state.has_value() && !slot.closed_for.has_value());
  slot.closed_for = reason;
  slot.closed_at = now;
  by_opening_.remove(index);
  by_arrival_.move_to_end(Closed, index);
  --open_count_;
}

OptionalIndex TraceTable::next_eviction(MonotonicTime now) const noexcept {
  const auto oldest = by_arrival_.first(Closed);
  if (!oldest.has_value()) return std::nullopt;
  const bool is_over = now - slots_[*oldest].closed_at >= limits_.late_max;
  return is_over || is_memory_spent() ? oldest : std::nullopt;
}

OptionalIndex TraceTable::next_shed() const noexcept {
  if (!is_memory_spent() || by_arrival_.first(Closed).has_value()) return std::nullopt;
  return idle_longest();
}

// Whatever became quiet is idle for longer than what did not.
OptionalIndex TraceTable::idle_longest() const noexcept {
  const auto quiet = by_arrival_.first(Quiet);
  return quiet.has_value() ? quiet : by_arrival_.first(Waking);
}

void TraceTable::evict(TraceIndex index, MonotonicTime now) {
  Slot& slot = slots_[index];
  BETRACE_CHECK(slot.closed_for.has_value());
  prefetch_followers(index);
  if (*slot.closed_for != CloseReason::Memory) {
    late_window_ = std::min<std::chrono::nanoseconds>(now - slot.closed_at, limits_.late_max);
  }
  filter_.insert(slot.state->id());
  ids_.erase(slot.tag, index);
  by_arrival_.remove(index);
  charged_bytes_ -= slot.charged_bytes;
  slot.state.reset();
  slot.closed_for.reset();
  slot.charged_bytes = 0;
  slots_.give_back(index);
}

void TraceTable::charge(TraceIndex index, std::uint64_t bytes) noexcept {
  slots_[index].charged_bytes += bytes;
  charged_bytes_ += bytes;
}

std::optional<MonotonicTime> TraceTable::next_deadline() const noexcept {
  std::optional<MonotonicTime> next;
  if (const auto timer = next_timer()) next = timer->deadline;
  if (const auto oldest = by_arrival_.first(Closed)) {
    const MonotonicTime eviction = slots_[*oldest].closed_at + limits_.late_max;
    next = next.has_value() ? std::min(*next, eviction) : eviction;
  }
  return next;
}

}  // namespace betrace::traces
