// Whether a rule has a rule-level span: `span` outside of all parentheses that rebind it.
//
// Used by the checker before it starts, because `anchor` one level down depends on it wherever in
// the rule the `span` stands.
#pragma once

#include "betrace/rules/syntax.h"

namespace betrace::rules {

/// Cost: linear in the tree.
[[nodiscard]] bool has_rule_level_span(const RuleSyntax& rule);

}  // namespace betrace::rules
