// What loads, but is likely not meant: section 10 of the language reference.
//
// Used by check_rule() after the checker, which itself adds W_ATTR_DURATION.
#pragma once

#include <string_view>
#include <vector>

#include "betrace/rules/checked_rule.h"
#include "betrace/rules/syntax.h"
#include "betrace/rules/token.h"

namespace betrace::rules {

/// Appends the warnings, not yet located, and brings all into the order of the text.
void add_warnings(std::string_view text, const std::vector<Token>& tokens, const RuleSyntax& syntax,
                  const Condition& condition, Scope scope, std::vector<Diagnostic>* warnings);

}  // namespace betrace::rules
