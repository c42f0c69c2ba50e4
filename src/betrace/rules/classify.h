// What kind of rule a condition makes: scope, monotone, firing.
//
// Used by check_rule(). Source: docs/guide/rule-reference.md, 5 and 6.
#pragma once

#include "betrace/rules/checked_rule.h"

namespace betrace::rules {

struct Classification {
  Scope scope = Scope::Trace;
  bool monotone = false;
  Firing firing = Firing::AtClose;
};

/// `rule_level_span`: whether `span` occurs outside of all parentheses. Cost: linear in the tree.
[[nodiscard]] Classification classify(const Condition& condition, bool rule_level_span);

}  // namespace betrace::rules
