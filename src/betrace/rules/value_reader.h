// What a value of the checked tree is, for given bindings of the variables.
#pragma once

#include "betrace/rules/bindings.h"
#include "betrace/rules/condition.h"
#include "betrace/rules/rule_run.h"
#include "betrace/rules/runtime_value.h"

namespace betrace::rules {

/// Reads or calculates `value`. The result is a view of spans, rule and `run`. Long sums and chains
/// of methods do not deepen the stack; parentheses do.
[[nodiscard]] RuntimeValue read_value(const Value& value, const Bindings& bindings, RuleRun* run);

}  // namespace betrace::rules
