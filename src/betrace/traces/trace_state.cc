#include "betrace/traces/trace_state.h"

#include <algorithm>
#include <utility>

#include "betrace/base/check.h"
#include "betrace/traces/span_equality.h"

namespace betrace::traces {

TraceState::TraceState(const model::TraceId& id, MonotonicTime now, bool is_reopened,
                       TraceContext& context)
    : id_(id), context_(context), is_reopened_(is_reopened) {
  activity_.first_arrival = now;
  activity_.last_arrival = now;
}

TraceState::~TraceState() {
  for (const Kept& kept : kept_) {
    context_.pool.give_back(kept.block, BlockPool::size_for(kept.byte_count));
  }
  ids_.clear(context_.pool);
  kept_.clear(context_.pool);
  met_.clear(context_.pool);
}

AddResult TraceState::add(const ArrivingSpan& span, MonotonicTime now) {
  const SpanRecord& record = span.record;
  BETRACE_CHECK(record.trace_id == id_);
  const std::uint64_t id = SpanIds::word(record.span_id);
  if (const auto known = ids_.find(id, context_.hash)) {
    return is_same(*known, span) ? AddResult::Duplicate : AddResult::Conflicting;
  }
  note(record);
  activity_.last_arrival = now;
  met_.add(span.met, context_.pool);
  if (span.is_spared()) has_spared_ = true;
  ids_.add({id, SpanIds::word(record.parent_span_id), record.start}, context_.hash, context_.pool);
  if (span.kept.view != nullptr) keep(span.kept);
  return AddResult::Added;
}

void TraceState::note(const SpanRecord& span) noexcept {
  ++activity_.span_count;
  activity_.byte_count += sizeof(SpanIds::Entry);
  activity_.misses_parent = true;
  is_settled_ = false;
  if (SpanIds::word(span.parent_span_id) == 0) activity_.has_root = true;
  if (span.is_cut) is_cut_ = true;
  if (span.is_error) ++error_count_;
  const bool is_first = activity_.span_count == 1;
  start_ = is_first ? span.start : std::min(start_, span.start);
  end_ = is_first ? span.end : std::max(end_, span.end);
}

// Keeps the span whose ids were added last.
void TraceState::keep(const model::PackedSpan& span) {
  activity_.byte_count += span.byte_count;
  const std::size_t size = BlockPool::size_for(span.byte_count);
  auto* const block = static_cast<std::byte*>(context_.pool.take(size));
  const model::PackedSpan copy = model::pack(*span.view, {block, size});
  BETRACE_CHECK(copy.byte_count == span.byte_count);
  kept_.push_back({block, static_cast<std::uint32_t>(span.byte_count), ids_.entries().size() - 1},
                  context_.pool);
}

const TraceState::Kept* TraceState::kept_at(std::uint32_t place) const noexcept {
  const Kept* const found =
      std::lower_bound(kept_.begin(), kept_.end(), place,
                       [](const Kept& kept, std::uint32_t wanted) { return kept.place < wanted; });
  return found != kept_.end() && found->place == place ? found : nullptr;
}

bool TraceState::is_same(std::uint32_t known, const ArrivingSpan& copy) const {
  const Kept* const kept = kept_at(known);
  const bool is_kept = copy.kept.view != nullptr;
  if (kept != nullptr && is_kept) return is_same_span(kept->view(), *copy.kept.view);
  const SpanIds::Entry& entry = ids_.entries()[known];
  const bool may_differ = has_spared_ || copy.is_spared();
  return (may_differ || (kept != nullptr) == is_kept) &&
         entry.parent == SpanIds::word(copy.record.parent_span_id) &&
         entry.start == copy.record.start;
}

void TraceState::settle() {
  if (is_settled_) return;
  is_settled_ = true;
  activity_.misses_parent = ids_.misses_parent(context_.hash);
}

TraceViews TraceState::views() const {
  TraceViews views;
  views.counted_only.reserve(ids_.entries().size() - kept_.size());  // so that no view moves
  views.all.reserve(ids_.entries().size());
  const Kept* kept = kept_.begin();
  for (const SpanIds::Entry& span : ids_.entries()) {
    if (kept != kept_.end() && kept->place == views.all.size()) {
      views.all.push_back(&(kept++)->view());
      continue;
    }
    model::SpanView& view = views.counted_only.emplace_back();
    view.trace_id = id_;
    view.span_id = SpanIds::id_of(span.id);
    view.parent_span_id = SpanIds::id_of(span.parent);
    view.start_time_unix_nano = span.start;
    view.end_time_unix_nano = span.start;
    view.is_counted_only = true;
    views.all.push_back(&view);
  }
  return views;
}

const model::SpanView* TraceState::last_span() const noexcept {
  const Kept* const kept = kept_at(ids_.entries().size() - 1);
  return kept == nullptr ? nullptr : &kept->view();
}

Completeness TraceState::grade(CloseReason reason) {
  settle();
  return grade_of({.is_reopened = is_reopened_,
                   .is_cut = is_cut_,
                   .has_root = activity_.has_root,
                   .misses_parent = activity_.misses_parent},
                  reason);
}

}  // namespace betrace::traces
