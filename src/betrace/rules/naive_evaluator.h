// The slow, obvious evaluator: plain loops over a finished trace. It judges every faster one.
//
// Evaluates a checked rule on a linked trace, finds the witnesses, and says how each clause stands.
// Source: docs/guide/rule-reference.md, 4 to 8.
#pragma once

#include <cstdint>
#include <vector>

#include "betrace/rules/checked_rule.h"
#include "betrace/rules/linked_trace.h"

namespace betrace::rules {

/// Candidate tests that one rule may spend on one trace.
inline constexpr std::uint64_t kStepsMax = 1'000'000;

struct Evaluation {
  /// False when the step budget was spent: then nothing else here means anything.
  bool evaluated = true;
  bool matched = false;
  /// Span and mixed scope: each span for which the whole rule is true, in canonical order. Trace
  /// scope: empty. (The engine takes the first one of mixed scope as the anchor of the violation.)
  std::vector<std::uint32_t> violating;
  /// Trace and mixed scope: the whole witness set, in canonical order. Span scope: same as
  /// violating.
  std::vector<std::uint32_t> witnesses;
  std::uint64_t steps = 0;  ///< Candidate tests; of the witnesses' part when that ran out.
};

/// Evaluates `rule` on the whole trace. Never throws. Cost: at most `steps_max` candidate tests to
/// decide, and as many again to find the witnesses.
[[nodiscard]] Evaluation evaluate(const CheckedRule& rule, const LinkedTrace& trace,
                                  std::uint64_t steps_max = kStepsMax);

/// Evaluates a span-scope rule on one span alone. Requires: rule.scope is Span.
[[nodiscard]] bool matches_span(const CheckedRule& rule, const model::SpanView& span);

/// How one clause of the rule stands on a trace, for the explanation of a violation.
struct ClauseResult {
  bool value = false;
  std::vector<std::uint32_t> spans;  ///< What it cites, canonical order, at most 32.
  bool evaluated = true;             ///< False when the step budget was spent.
};

/// One result for each of rule.clauses. `anchor` is the violating span in span scope and a span
/// with V(s) in mixed scope; ignored in trace scope.
[[nodiscard]] std::vector<ClauseResult> explain(const CheckedRule& rule, const LinkedTrace& trace,
                                                std::uint32_t anchor,
                                                std::uint64_t steps_max = kStepsMax);

}  // namespace betrace::rules
