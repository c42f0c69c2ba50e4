// Says in one sentence, and clause by clause, why a rule is violated.
//
// engine/violation_builder.cc puts it into the violation. Pure: the same judgement gives the same
// text, whatever the order in which the spans arrived.
#pragma once

#include <optional>

#include "betrace/engine/trace_judge.h"
#include "betrace/model/violation.h"

namespace betrace::engine {

/// Explains a violated rule. `trace` is what the judgement refers to.
[[nodiscard]] model::Explanation explain_violation(const ActiveRule& rule,
                                                   const rules::LinkedTrace& trace,
                                                   const Judgement& judgement);

/// Explains why a violation is withdrawn: how the clauses stand with the late spans.
[[nodiscard]] model::Explanation explain_withdrawal(
    const ActiveRule& rule, const rules::LinkedTrace& trace,
    const std::vector<rules::ClauseResult>& clauses);

/// True if a condition with this truth says that something was not found, so that the whole trace
/// had to be searched for it.
[[nodiscard]] bool claims_absence(const rules::Condition& condition, bool value) noexcept;

}  // namespace betrace::engine
