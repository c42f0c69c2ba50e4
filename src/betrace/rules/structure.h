// Structure and order: which other spans of the trace stand in a relation to a span.
//
// Source: docs/guide/rule-reference.md, 4.5. Conditions on those spans are condition_truth's
// business.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "betrace/rules/condition.h"
#include "betrace/rules/linked_trace.h"
#include "betrace/rules/step_budget.h"

namespace betrace::rules {

struct Relation {
  StructureMethod method = StructureMethod::HasParent;
  std::optional<std::int64_t> within_ns;  ///< PrecededBy and FollowedBy only.
};

/// True if `x` is another span than `s` and stands in the relation to it: the definition.
[[nodiscard]] bool is_related(const LinkedTrace& trace, const Relation& relation, std::uint32_t s,
                              std::uint32_t x);

/// The spans that can be related to `s`, as a range of the canonical order; for the order methods.
struct IndexRange {
  std::uint32_t first = 0;
  std::uint32_t end = 0;
};
[[nodiscard]] IndexRange range_of_related(const LinkedTrace& trace, const Relation& relation,
                                          std::uint32_t s);

/// Walks the descendants of `s` in no particular order until `visit` returns false.
template <typename Visit>
void visit_descendants(const LinkedTrace& trace, std::uint32_t s, Visit visit) {
  std::vector<std::uint32_t> open = {s};
  while (!open.empty()) {
    const std::uint32_t parent = open.back();
    open.pop_back();
    for (const std::uint32_t child : trace.children(parent)) {
      // Each span has one parent, so only a cycle through `s` could lead somewhere twice.
      if (child == s) continue;
      if (!visit(child)) return;
      open.push_back(child);
    }
  }
}

/// Calls `visit` for each span that is related to `s` until it returns false or the budget is
/// spent.
template <typename Visit>
void visit_related(const LinkedTrace& trace, const Relation& relation, std::uint32_t s,
                   StepBudget* budget, Visit visit) {
  const auto look = [&](std::uint32_t x) { return budget->look() && (x == s || visit(x)); };
  switch (relation.method) {
    case StructureMethod::HasParent:
      if (const auto parent = trace.parent(s)) (void)look(*parent);
      return;
    case StructureMethod::HasAncestor: {
      std::uint32_t current = s;
      for (std::uint32_t i = 0; i < trace.depth(s); ++i) {
        current = *trace.parent(current);
        if (!look(current)) return;
      }
      return;
    }
    case StructureMethod::HasDescendant:
      visit_descendants(trace, s, look);
      return;
    case StructureMethod::HasChild:
      for (const std::uint32_t child : trace.children(s)) {
        if (!look(child)) return;
      }
      return;
    case StructureMethod::HasSibling:
      for (const std::uint32_t sibling : trace.siblings(s)) {
        if (!look(sibling)) return;
      }
      return;
    case StructureMethod::PrecededBy:
    case StructureMethod::FollowedBy:
    case StructureMethod::Overlaps:
      break;
  }
  // From the latest start backwards: what was just before is what most rules ask for.
  const IndexRange range = range_of_related(trace, relation, s);
  for (std::uint32_t x = range.end; x > range.first; --x) {
    if (!budget->look()) return;
    if (is_related(trace, relation, s, x - 1) && !visit(x - 1)) return;
  }
}

}  // namespace betrace::rules
