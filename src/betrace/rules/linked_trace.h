// The spans of one trace in canonical order, each id once, with parents linked.
//
// Built once for a trace and shared by all rules that judge it. Knows nothing of arrival or
// closing.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "betrace/model/span_view.h"
#include "betrace/rules/trace_totals.h"

namespace betrace::rules {

/// Views of the given spans; valid as long as they are. Immutable. Movable.
class LinkedTrace {
 public:
  /// Takes the spans in arrival order: of equal span ids the first copy wins. Spans of other trace
  /// ids than the first one's are a bug of the caller (checked). Cost: n log n.
  explicit LinkedTrace(std::span<const model::SpanView* const> arrivals);
  /// The same with totals that are known already: those of all spans, also of spans of which a view
  /// says no more than that they are there (`SpanView::is_counted_only`).
  LinkedTrace(std::span<const model::SpanView* const> arrivals, const TraceTotals& totals);
  LinkedTrace(LinkedTrace&&) noexcept = default;
  LinkedTrace& operator=(LinkedTrace&&) noexcept = default;

  /// Spans by start time, then span id ("canonical order"); every index below refers to it.
  [[nodiscard]] std::size_t size() const noexcept;
  [[nodiscard]] const model::SpanView& span(std::uint32_t index) const noexcept;
  [[nodiscard]] const TraceTotals& totals() const noexcept { return totals_; }
  /// The present parent; nothing for roots, orphans and spans that name themselves.
  [[nodiscard]] std::optional<std::uint32_t> parent(std::uint32_t index) const noexcept;
  [[nodiscard]] std::span<const std::uint32_t> children(std::uint32_t index) const noexcept;
  /// All spans that name the same parent, `index` among them, in canonical order; empty for roots.
  /// The parent need not be present.
  [[nodiscard]] std::span<const std::uint32_t> siblings(std::uint32_t index) const noexcept;
  /// How many spans ancestors() returns. Cost: O(1).
  [[nodiscard]] std::uint32_t depth(std::uint32_t index) const noexcept;
  /// The other spans reached by following present parents, nearest first; a cycle ends the walk.
  [[nodiscard]] std::vector<std::uint32_t> ancestors(std::uint32_t index) const;
  /// The last span reached by following present parents (the span itself if it has none); nothing
  /// if the walk meets a cycle.
  [[nodiscard]] std::optional<std::uint32_t> root_of(std::uint32_t index) const noexcept;
  /// The parent id is not empty and no such span is present. (A span that names itself is none.)
  [[nodiscard]] bool is_orphan(std::uint32_t index) const noexcept;
  /// `trace.root`: earliest span without parent id, else the earliest orphan, else nothing.
  [[nodiscard]] std::optional<std::uint32_t> trace_root() const noexcept;
  [[nodiscard]] std::optional<std::uint32_t> find(const model::SpanId& id) const noexcept;

 private:
  using Numbers = std::span<std::uint32_t>;

  [[nodiscard]] Numbers take_numbers(std::size_t count) noexcept;
  void link_parents();
  void list_children(Numbers next);
  void list_siblings();
  void measure_chains(Numbers chain);
  void measure_chain(std::uint32_t start, Numbers chain);

  std::vector<const model::SpanView*> spans_;
  TraceTotals totals_;
  // One block, for a trace is linked each time it is judged; the others are parts of it.
  std::vector<std::uint32_t> numbers_;
  std::size_t taken_ = 0;
  Numbers by_id_;         // sorted by span id
  Numbers parents_;       // or kNone
  Numbers child_starts_;  // into child_list_, for each span and behind the last
  Numbers child_list_;
  Numbers by_parent_id_;    // those with a parent id, sorted by it, then index
  Numbers sibling_starts_;  // into by_parent_id_, for each span; roots: empty
  Numbers sibling_ends_;
  Numbers depths_;
  Numbers roots_;  // or kNone: the chain of parents is a cycle
};

}  // namespace betrace::rules
