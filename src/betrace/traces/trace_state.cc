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

AddResult TraceState::add(model::KeptSpan span, MonotonicTime now) {
  const model::SpanView& view = span.view();
  BETRACE_CHECK(view.trace_id == id_);
  if (const auto known = find(view.span_id)) {
    return is_same_span(spans_[*known].view(), view) ? AddResult::Duplicate
                                                     : AddResult::Conflicting;
  }
  note(view);
  activity_.byte_count += span.byte_count();
  activity_.last_arrival = now;
  const model::SpanId span_id = view.span_id;
  spans_.push_back(std::move(span));
  index(span_id);
  return AddResult::Added;
}

void TraceState::note(const model::SpanView& span) {
  ++activity_.span_count;
  activity_.misses_parent = true;
  is_settled_ = false;
  if (span.is_root()) activity_.has_root = true;
  if (span.cut) facts_.is_cut = true;
  const bool is_first = activity_.span_count == 1;
  start_ = is_first ? span.start_time_unix_nano : std::min(start_, span.start_time_unix_nano);
  end_ = is_first ? span.corrected_end() : std::max(end_, span.corrected_end());
}

std::optional<std::uint32_t> TraceState::find(const model::SpanId& id) const {
  if (index_ != nullptr) {
    const auto found = index_->find(id);
    return found == index_->end() ? std::nullopt : std::optional(found->second);
  }
  for (std::uint32_t i = 0; i < spans_.size(); ++i) {
    if (spans_[i].view().span_id == id) return i;
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
  for (std::uint32_t i = 0; i < spans_.size(); ++i) index_->emplace(spans_[i].view().span_id, i);
}

void TraceState::settle() {
  if (is_settled_) return;
  is_settled_ = true;
  activity_.misses_parent =
      std::any_of(spans_.begin(), spans_.end(), [this](const model::KeptSpan& span) {
        return !span.view().is_root() && !find(span.view().parent_span_id).has_value();
      });
}

std::vector<const model::SpanView*> TraceState::views() const {
  std::vector<const model::SpanView*> views;
  views.reserve(spans_.size());
  for (const model::KeptSpan& span : spans_) views.push_back(&span.view());
  return views;
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
  return activity_.byte_count + spans_.capacity() * sizeof(model::KeptSpan) + index_bytes;
}

}  // namespace betrace::traces
