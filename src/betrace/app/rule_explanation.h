// What `betrace rules explain` tells of rules: what they mean, when they decide, what they read and
// what a trace keeps for them.
#pragma once

#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "betrace/rules/checked_rule.h"

namespace betrace::app {

struct NamedRule {
  std::string name;
  std::shared_ptr<const rules::CheckedRule> rule;
};

/// Writes a paragraph for each rule, as if they were active together: predicates that several of
/// them share are kept once.
void explain_rules(const std::vector<NamedRule>& rules, std::ostream& out);

}  // namespace betrace::app
