// Moves a value from outside into the parentheses of an existence clause.
//
// Used for `name.attribute OP v` at rule level, which means `trace.has(name and attribute OP v)`
// with v still speaking about the rule-level span.
#pragma once

#include "betrace/rules/condition.h"

namespace betrace::rules {

/// Lets `span` mean `anchor` in `value`, where it is not inside further parentheses. False if the
/// value mentions the outer span inside such parentheses: two levels up there is no word for it.
[[nodiscard]] bool rebind_to_anchor(Value* value);

}  // namespace betrace::rules
