#include "betrace/traces/trace_state.h"

#include <algorithm>
#include <utility>

#include "betrace/base/check.h"
#include "betrace/traces/span_equality.h"

namespace betrace::traces {
namespace {

// Below this many spans a scan over the ids beats a hash index and its memory.
constexpr std::size_t kScannedSpansMax = 32;

// What one node of the index costs, as allocated: id, position, link and a share of the buckets.
constexpr std::uint64_t kIndexNodeBytes = 48;

}  // namespace

TraceState::TraceState(const model::TraceId& id, MonotonicTime now, bool is_reopened,
                       const HashKey& key)
    : id_(id), key_(key) {
  activity_.first_arrival = now;
  activity_.last_arrival = now;
  facts_.is_reopened = is_reopened;
}

AddResult TraceState::add(ArrivingSpan span, MonotonicTime now) {
  const SpanRecord& record = span.record;
  BETRACE_CHECK(record.trace_id == id_);
  if (const auto known = find(record.span_id)) {
    return is_same(spans_[*known], span) ? AddResult::Duplicate : AddResult::Conflicting;
  }
  note(record);
  SpanEntry entry{record.span_id, record.parent_span_id, record.start, 0};
  activity_.byte_count += sizeof(SpanEntry);
  activity_.last_arrival = now;
  met_.add(span.met);
  if (span.kept.has_value()) {
    activity_.byte_count += span.kept->byte_count();
    kept_.push_back(*std::move(span.kept));
    entry.kept = static_cast<std::uint32_t>(kept_.size());
  }
  spans_.push_back(entry);
  index(entry.span_id);
  return AddResult::Added;
}

bool TraceState::is_same(const SpanEntry& known, const ArrivingSpan& copy) const {
  const bool is_kept = known.kept != 0;
  if (is_kept && copy.kept.has_value()) {
    return is_same_span(kept_[known.kept - 1].view(), copy.kept->view());
  }
  return is_kept == copy.kept.has_value() && known.parent_span_id == copy.record.parent_span_id &&
         known.start == copy.record.start;
}

void TraceState::note(const SpanRecord& span) {
  ++activity_.span_count;
  activity_.misses_parent = true;
  is_settled_ = false;
  if (span.is_root()) activity_.has_root = true;
  if (span.is_cut) facts_.is_cut = true;
  if (span.is_error) ++error_count_;
  const bool is_first = activity_.span_count == 1;
  start_ = is_first ? span.start : std::min(start_, span.start);
  end_ = is_first ? span.end : std::max(end_, span.end);
}

std::optional<std::uint32_t> TraceState::find(const model::SpanId& id) const {
  if (index_ != nullptr) {
    const auto found = index_->find(id);
    return found == index_->end() ? std::nullopt : std::optional(found->second);
  }
  for (std::uint32_t i = 0; i < spans_.size(); ++i) {
    if (spans_[i].span_id == id) return i;
  }
  return std::nullopt;
}

void TraceState::index(const model::SpanId& id) {
  if (index_ != nullptr) {
    index_->emplace(id, static_cast<std::uint32_t>(spans_.size() - 1));
    return;
  }
  if (spans_.size() <= kScannedSpansMax) return;
  index_ = std::make_unique<Index>(4 * kScannedSpansMax, KeyedHash(key_));
  for (std::uint32_t i = 0; i < spans_.size(); ++i) index_->emplace(spans_[i].span_id, i);
}

void TraceState::settle() {
  if (is_settled_) return;
  is_settled_ = true;
  activity_.misses_parent = std::ranges::any_of(spans_, [this](const SpanEntry& span) {
    return !span.parent_span_id.is_zero() && !find(span.parent_span_id).has_value();
  });
}

TraceViews TraceState::views() const {
  TraceViews views;
  views.counted_only.reserve(spans_.size() - kept_.size());  // so that no view moves
  views.all.reserve(spans_.size());
  for (const SpanEntry& span : spans_) {
    if (span.kept != 0) {
      views.all.push_back(&kept_[span.kept - 1].view());
      continue;
    }
    model::SpanView& view = views.counted_only.emplace_back();
    view.trace_id = id_;
    view.span_id = span.span_id;
    view.parent_span_id = span.parent_span_id;
    view.start_time_unix_nano = span.start;
    view.end_time_unix_nano = span.start;
    view.is_counted_only = true;
    views.all.push_back(&view);
  }
  return views;
}

const model::SpanView* TraceState::last_span() const noexcept {
  return spans_.back().kept == 0 ? nullptr : &kept_[spans_.back().kept - 1].view();
}

Completeness TraceState::grade(CloseReason reason) {
  settle();
  GradeFacts facts = facts_;
  facts.has_root = activity_.has_root;
  facts.misses_parent = activity_.misses_parent;
  return grade_of(facts, reason);
}

std::uint64_t TraceState::memory_bytes() const noexcept {
  const std::uint64_t index_bytes = index_ == nullptr ? 0 : index_->size() * kIndexNodeBytes;
  const std::uint64_t slack =
      (spans_.capacity() - spans_.size()) * sizeof(SpanEntry) + met_.byte_count();
  return activity_.byte_count + kept_.capacity() * sizeof(model::KeptSpan) + slack + index_bytes;
}

}  // namespace betrace::traces
