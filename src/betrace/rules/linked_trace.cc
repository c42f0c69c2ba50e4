#include "betrace/rules/linked_trace.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "betrace/base/check.h"

namespace betrace::rules {
namespace {

constexpr std::uint32_t kUnknown = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint32_t kOnChain = kUnknown - 1;

bool comes_first(const model::SpanView* left, const model::SpanView* right) {
  return std::tie(left->start_time_unix_nano, left->span_id) <
         std::tie(right->start_time_unix_nano, right->span_id);
}

// Sorts by id; a stable sort keeps the first copy of each id in front of its later ones.
std::vector<const model::SpanView*> without_copies(
    std::span<const model::SpanView* const> arrivals) {
  std::vector<const model::SpanView*> spans(arrivals.begin(), arrivals.end());
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
  by_id_.resize(spans_.size());
  for (std::uint32_t i = 0; i < spans_.size(); ++i) by_id_[i] = i;
  std::ranges::sort(by_id_, {}, [this](std::uint32_t i) { return spans_[i]->span_id; });
  link_parents();
  list_children();
  list_siblings();
  measure_chains();
}

void LinkedTrace::link_parents() {
  parents_.assign(spans_.size(), -1);
  for (std::uint32_t i = 0; i < spans_.size(); ++i) {
    if (spans_[i]->is_root()) continue;
    const auto parent = find(spans_[i]->parent_span_id);
    if (parent && *parent != i) parents_[i] = *parent;
  }
}

void LinkedTrace::list_children() {
  child_starts_.assign(spans_.size() + 1, 0);
  for (const std::int64_t parent : parents_) {
    if (parent >= 0) ++child_starts_[static_cast<std::size_t>(parent) + 1];
  }
  for (std::size_t i = 1; i < child_starts_.size(); ++i) child_starts_[i] += child_starts_[i - 1];
  child_list_.resize(child_starts_.back());
  std::vector<std::uint32_t> next(child_starts_.begin(), child_starts_.end() - 1);
  for (std::uint32_t i = 0; i < spans_.size(); ++i) {
    if (parents_[i] >= 0) child_list_[next[static_cast<std::size_t>(parents_[i])]++] = i;
  }
}

void LinkedTrace::list_siblings() {
  sibling_starts_.assign(spans_.size(), 0);
  sibling_ends_.assign(spans_.size(), 0);
  for (std::uint32_t i = 0; i < spans_.size(); ++i) {
    if (!spans_[i]->is_root()) by_parent_id_.push_back(i);
  }
  const auto parent_id = [this](std::uint32_t i) { return spans_[i]->parent_span_id; };
  std::ranges::stable_sort(by_parent_id_, {}, parent_id);
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

void LinkedTrace::measure_chains() {
  depths_.assign(spans_.size(), kUnknown);
  roots_.assign(spans_.size(), -1);
  std::vector<std::uint32_t> chain;
  for (std::uint32_t i = 0; i < spans_.size(); ++i) {
    if (depths_[i] == kUnknown) measure_chain(i, &chain);
  }
}

// Walks up until a measured span, a span without parent, or a cycle; then measures the way back.
// Each span is walked once, so that long chains cost no more than wide ones.
void LinkedTrace::measure_chain(std::uint32_t start, std::vector<std::uint32_t>* chain) {
  chain->clear();
  std::int64_t next = start;
  while (next >= 0 && depths_[static_cast<std::size_t>(next)] == kUnknown) {
    const auto index = static_cast<std::uint32_t>(next);
    depths_[index] = kOnChain;
    chain->push_back(index);
    next = parents_[index];
  }
  std::int64_t root = -1;
  std::uint32_t depth = 0;  // of the span that is measured next
  if (next < 0) {
    root = chain->back();
  } else if (depths_[static_cast<std::size_t>(next)] != kOnChain) {
    root = roots_[static_cast<std::size_t>(next)];
    depth = depths_[static_cast<std::size_t>(next)] + 1;
  } else {
    // The end of the chain is a cycle: each span on it has all the others as ancestors.
    const auto first = std::ranges::find(*chain, static_cast<std::uint32_t>(next));
    const auto length = static_cast<std::uint32_t>(chain->end() - first);
    for (auto it = first; it != chain->end(); ++it) depths_[*it] = length - 1;
    chain->erase(first, chain->end());
    depth = length;
  }
  for (auto it = chain->rbegin(); it != chain->rend(); ++it) {
    depths_[*it] = depth++;
    roots_[*it] = root;
  }
}

std::size_t LinkedTrace::size() const noexcept { return spans_.size(); }

const model::SpanView& LinkedTrace::span(std::uint32_t index) const noexcept {
  return *spans_[index];
}

std::optional<std::uint32_t> LinkedTrace::parent(std::uint32_t index) const noexcept {
  if (parents_[index] < 0) return std::nullopt;
  return static_cast<std::uint32_t>(parents_[index]);
}

std::span<const std::uint32_t> LinkedTrace::children(std::uint32_t index) const noexcept {
  return std::span(child_list_)
      .subspan(child_starts_[index], child_starts_[index + 1] - child_starts_[index]);
}

std::span<const std::uint32_t> LinkedTrace::siblings(std::uint32_t index) const noexcept {
  return std::span(by_parent_id_)
      .subspan(sibling_starts_[index], sibling_ends_[index] - sibling_starts_[index]);
}

std::uint32_t LinkedTrace::depth(std::uint32_t index) const noexcept { return depths_[index]; }

std::vector<std::uint32_t> LinkedTrace::ancestors(std::uint32_t index) const {
  std::vector<std::uint32_t> chain;
  std::uint32_t current = index;
  for (std::uint32_t i = 0; i < depths_[index]; ++i) {
    current = static_cast<std::uint32_t>(parents_[current]);
    chain.push_back(current);
  }
  return chain;
}

std::optional<std::uint32_t> LinkedTrace::root_of(std::uint32_t index) const noexcept {
  if (roots_[index] < 0) return std::nullopt;
  return static_cast<std::uint32_t>(roots_[index]);
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
