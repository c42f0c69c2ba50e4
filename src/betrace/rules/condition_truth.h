// Whether a condition holds, for given bindings of its variables.
#pragma once

#include "betrace/rules/bindings.h"
#include "betrace/rules/condition.h"
#include "betrace/rules/rule_run.h"
#include "betrace/rules/runtime_value.h"

namespace betrace::rules {

/// True if `condition` holds. Once the budget is spent the answer means nothing and comes at once.
/// Its stack is bounded by the nesting of the rule.
[[nodiscard]] bool holds(const Condition& condition, const Bindings& bindings, RuleRun* run);

/// Applies the operator of a comparison, or of a value that stands alone, to values.
[[nodiscard]] bool apply_test(const Condition& condition, const RuntimeValue& left,
                              const RuntimeValue& right);

/// True if the comparison is one of groups: `count(x) by (k) > 3`.
[[nodiscard]] bool is_grouped(const Condition& condition) noexcept;

}  // namespace betrace::rules
