// The check that every rule passes before it is stored: fields, expression, message template.
//
// The same for all sides that a change comes from, and for stored rules when they are loaded.
#pragma once

#include <string>

#include "betrace/control/change.h"
#include "betrace/engine/rule_set.h"
#include "betrace/model/rule.h"

namespace betrace::control {

/// Returns the rule ready to be activated. Refusals: InvalidField, InvalidExpression with the
/// place, also if it is longer than `bytes_max`.
[[nodiscard]] Outcome<engine::ActiveRulePtr> check_rule(
    model::Rule rule, std::size_t bytes_max = rules::kRuleBytesMax);

/// The same for the next version of `stored`, whose text may be longer if it is not new.
[[nodiscard]] Outcome<engine::ActiveRulePtr> check_next_version(model::Rule next,
                                                                const model::Rule& stored,
                                                                std::size_t bytes_max);

/// `line 1, column 15: expected a value after '>'`
[[nodiscard]] std::string located_message(const rules::Diagnostic& diagnostic);

}  // namespace betrace::control
