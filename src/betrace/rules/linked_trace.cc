#include "betrace/rules/linked_trace.h"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "betrace/base/check.h"

namespace betrace::rules {
namespace {

constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint32_t kUnknown = kNone;
constexpr std::uint32_t kOnChain = kNone - 1;

bool comes_first(const model::SpanView* left, const model::SpanView* right) {
  return std::tie(left->start_time_unix_nano, left->span_id) <
         std::tie(right->start_time_unix_nano, right->span_id);
}

// Sorts by id; a stable sort keeps the first copy of each id in front of its later ones.
std::vector<const model::SpanView*> without_copies(
    std::span<const model::SpanView* const> arrivals) {
  std::vector<const model::SpanView*> spans(arrivals.begin(), arrivals.end());
  if (spans.size() < 2) return spans;
  std::ranges::stable_sort(spans, {}, &model::SpanView::span_id);
  const auto same_id = [](const model::SpanView* left, const model::SpanView* right) {
    return left->span_id == right->span_id;
  };
  spans.erase(std::unique(spans.begin(), spans.end(), same_id), spans.end());
  return spans;
}

}  // namespace

LinkedTrace::LinkedTrace(std::span<const model::SpanView* const> arrivals)
    : LinkedTrace(arrivals, TraceTotals()) {
  if (spans_.empty()) return;
  totals_.trace_id = spans_.front()->trace_id;
  totals_.start = spans_.front()->start_time_unix_nano;
  totals_.span_count = spans_.size();
  for (const model::SpanView* span : spans_) {
    totals_.end = std::max(totals_.end, span->corrected_end());
    if (span->status_code == model::StatusCode::Error) ++totals_.error_count;
  }
}

LinkedTrace::LinkedTrace(std::span<const model::SpanView* const> arrivals,
                         const TraceTotals& totals)
    : spans_(without_copies(arrivals)), totals_(totals) {
  for (const model::SpanView* span : spans_) {
    BETRACE_CHECK(span->trace_id == spans_.front()->trace_id);
  }
  std::ranges::sort(spans_, comes_first);
  const std::size_t count = spans_.size();
  numbers_.resize(10 * count + 1);
  by_id_ = take_numbers(count);
  for (std::uint32_t i = 0; i < count; ++i) by_id_[i] = i;
  std::ranges::sort(by_id_, {}, [this](std::uint32_t i) { return spans_[i]->span_id; });
  link_parents();
  const Numbers scratch = take_numbers(count);
  list_children(scratch);
  list_siblings();
  measure_chains(scratch);
}

LinkedTrace::Numbers LinkedTrace::take_numbers(std::size_t count) noexcept {
  taken_ += count;
  return Numbers(numbers_).subspan(taken_ - count, count);
}

void LinkedTrace::link_parents() {
  parents_ = take_numbers(spans_.size());
  for (std::uint32_t i = 0; i < spans_.size(); ++i) {
    parents_[i] = kNone;
    if (spans_[i]->is_root()) continue;
    const auto parent = find(spans_[i]->parent_span_id);
    if (parent && *parent != i) parents_[i] = *parent;
  }
}

void LinkedTrace::list_children(Numbers next) {
  child_starts_ = take_numbers(spans_.size() + 1);
  for (const std::uint32_t parent : parents_) {
    if (parent != kNone) ++child_starts_[parent + 1];
  }
  for (std::size_t i = 1; i < child_starts_.size(); ++i) child_starts_[i] += child_starts_[i - 1];
  child_list_ = take_numbers(child_starts_.back());
  std::ranges::copy(child_starts_.first(spans_.size()), next.begin());
  for (std::uint32_t i = 0; i < spans_.size(); ++i) {
    if (parents_[i] != kNone) child_list_[next[parents_[i]]++] = i;
  }
}

void LinkedTrace::list_siblings() {
  sibling_starts_ = take_numbers(spans_.size());
  sibling_ends_ = take_numbers(spans_.size());
  by_parent_id_ = take_numbers(spans_.size());
  std::size_t count = 0;
  for (std::uint32_t i = 0; i < spans_.size(); ++i) {
    if (!spans_[i]->is_root()) by_parent_id_[count++] = i;
  }
  by_parent_id_ = by_parent_id_.first(count);
  const auto parent_id = [this](std::uint32_t i) { return spans_[i]->parent_span_id; };
  std::ranges::sort(by_parent_id_, {}, [&](std::uint32_t i) { return std::pair(parent_id(i), i); });
  for (std::uint32_t start = 0; start < by_parent_id_.size();) {
    std::uint32_t end = start;
    while (end < by_parent_id_.size() &&
           parent_id(by_parent_id_[end]) == parent_id(by_parent_id_[start])) {
      ++end;
    }
    for (std::uint32_t i = start; i < end; ++i) {
      sibling_starts_[by_parent_id_[i]] = start;
      sibling_ends_[by_parent_id_[i]] = end;
    }
    start = end;
  }
}

void LinkedTrace::measure_chains(Numbers chain) {
  depths_ = take_numbers(spans_.size());
  roots_ = take_numbers(spans_.size());
  std::ranges::fill(depths_, kUnknown);
  std::ranges::fill(roots_, kNone);
  for (std::uint32_t i = 0; i < spans_.size(); ++i) {
    if (depths_[i] == kUnknown) measure_chain(i, chain);
  }
}

// Walks up until a measured span, a span without parent, or a cycle; then measures the way back.
// Each span is walked once, so that long chains cost no more than wide ones.
void LinkedTrace::measure_chain(std::uint32_t start, Numbers chain) {
  std::size_t length = 0;  // of the chain that is not measured yet
  std::uint32_t next = start;
  while (next != kNone && depths_[next] == kUnknown) {
    depths_[next] = kOnChain;
    chain[length++] = next;
    next = parents_[next];
  }
  std::uint32_t root = kNone;
  std::uint32_t depth = 0;  // of the span that is measured next
  if (next == kNone) {
    root = chain[length - 1];
  } else if (depths_[next] != kOnChain) {
    root = roots_[next];
    depth = depths_[next] + 1;
  } else {
    // The end of the chain is a cycle: each span on it has all the others as ancestors.
    const Numbers walked = chain.first(length);
    const auto first = std::ranges::find(walked, next);
    depth = static_cast<std::uint32_t>(walked.end() - first);
    for (auto it = first; it != walked.end(); ++it) depths_[*it] = depth - 1;
    length -= depth;
  }
  for (; length > 0; --length) {
    depths_[chain[length - 1]] = depth++;
    roots_[chain[length - 1]] = root;
  }
}

std::size_t LinkedTrace::size() const noexcept { return spans_.size(); }

const model::SpanView& LinkedTrace::span(std::uint32_t index) const noexcept {
  return *spans_[index];
}

std::optional<std::uint32_t> LinkedTrace::parent(std::uint32_t index) const noexcept {
  if (parents_[index] == kNone) return std::nullopt;
  return parents_[index];
}

std::span<const std::uint32_t> LinkedTrace::children(std::uint32_t index) const noexcept {
  return child_list_.subspan(child_starts_[index], child_starts_[index + 1] - child_starts_[index]);
}

std::span<const std::uint32_t> LinkedTrace::siblings(std::uint32_t index) const noexcept {
  return by_parent_id_.subspan(sibling_starts_[index],
                               sibling_ends_[index] - sibling_starts_[index]);
}

std::uint32_t LinkedTrace::depth(std::uint32_t index) const noexcept { return depths_[index]; }

std::vector<std::uint32_t> LinkedTrace::ancestors(std::uint32_t index) const {
  std::vector<std::uint32_t> chain;
  std::uint32_t current = index;
  for (std::uint32_t i = 0; i < depths_[index]; ++i) {
    current = parents_[current];
    chain.push_back(current);
  }
  return chain;
}

std::optional<std::uint32_t> LinkedTrace::root_of(std::uint32_t index) const noexcept {
  if (roots_[index] == kNone) return std::nullopt;
  return roots_[index];
}

bool LinkedTrace::is_orphan(std::uint32_t index) const noexcept {
  return !spans_[index]->is_root() && !find(spans_[index]->parent_span_id);
}

std::optional<std::uint32_t> LinkedTrace::trace_root() const noexcept {
  for (std::uint32_t i = 0; i < spans_.size(); ++i) {
    if (spans_[i]->is_root()) return i;
  }
  for (std::uint32_t i = 0; i < spans_.size(); ++i) {
    if (is_orphan(i)) return i;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> LinkedTrace::find(const model::SpanId& id) const noexcept {
  const auto found = std::ranges::lower_bound(
      by_id_, id, {}, [this](std::uint32_t i) { return spans_[i]->span_id; });
  if (found == by_id_.end() || spans_[*found]->span_id != id) return std::nullopt;
  return *found;
}

}  // namespace betrace::rules
