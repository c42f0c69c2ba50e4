// Which variables a condition or value reads: what must be bound around it.
//
// The evaluator derives from it what may be computed once for a trace, and the witnesses derive
// from it which spans a test speaks about.
#pragma once

#include "betrace/rules/condition.h"

namespace betrace::rules {

struct Variables {
  bool span = false;
  bool anchor = false;
  bool event = false;
  bool link = false;

  Variables& operator|=(const Variables& other) noexcept;
};

/// What `condition` reads from outside. Inside the parentheses of an existence clause or aggregate
/// `anchor` means the outer `span`, so it counts as `span` here. Cost: linear in the tree.
[[nodiscard]] Variables variables_of(const Condition& condition);
[[nodiscard]] Variables variables_of(const Value& value);

/// What a value reads itself, leaving out what stands inside the parentheses of aggregates.
[[nodiscard]] Variables direct_variables_of(const Value& value);

}  // namespace betrace::rules
