// Trying the spans of a trace as candidates of a clause, with everything remembered that can be.
#pragma once

#include <cstdint>
#include <optional>

#include "betrace/rules/bindings.h"
#include "betrace/rules/rule_run.h"
#include "betrace/rules/structure.h"

namespace betrace::rules {

/// True if `x` meets those parts of the condition that read nothing but the candidate. False once
/// the budget is spent.
[[nodiscard]] bool passes_alone(ClauseMemo* memo, std::uint32_t x, RuleRun* run);

/// True if the candidate that is bound as `inside.span` meets the other parts.
[[nodiscard]] bool passes_together(const ClauseMemo& memo, const Bindings& inside, RuleRun* run);

/// The candidate at `position` (from 0) among those that pass alone, in canonical order. Nothing
/// when there are no more or the budget is spent.
[[nodiscard]] std::optional<std::uint32_t> candidate_at(ClauseMemo* memo, std::size_t position,
                                                        RuleRun* run);

/// Bindings inside the parentheses of an existence clause or aggregate.
[[nodiscard]] inline Bindings inside_of(const Bindings& outside, BoundSpan candidate) noexcept {
  return {candidate, outside.span, outside.event, outside.link};
}

/// Calls `visit` with the bindings of each span that fits an existence clause or an aggregate, in
/// canonical order, until it returns false or the budget is spent.
template <typename Visit>
void visit_fitting(ClauseMemo* memo, const Bindings& outside, RuleRun* run, Visit visit) {
  for (std::size_t position = 0;; ++position) {
    const auto x = candidate_at(memo, position, run);
    if (!x) return;
    const Bindings inside = inside_of(outside, run->bound(*x));
    if (!passes_together(*memo, inside, run)) continue;
    if (run->budget().is_spent() || !visit(inside)) return;
  }
}

/// The same for the spans that stand in the relation of `method` (a Structure condition) to `s`, in
/// an order of their own. Requires: `s` is not absent.
template <typename Visit>
void visit_fitting_related(const Condition& method, BoundSpan s, const Bindings& outside,
                           RuleRun* run, Visit visit) {
  ClauseMemo& memo = run->memo_of_structure(method);
  const Relation relation = {method.method, method.within_ns};
  visit_related(*run->trace(), relation, s.index, &run->budget(), [&](std::uint32_t x) {
    const Bindings inside = {run->bound(x), s, outside.event, outside.link};
    const bool fits = passes_alone(&memo, x, run) && passes_together(memo, inside, run);
    if (run->budget().is_spent()) return false;
    return !fits || visit(inside);
  });
}

}  // namespace betrace::rules
