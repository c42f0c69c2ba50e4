// Test support: what the language reference promises of every rule on every trace, tried on one of
// each.
//
// The evaluator is held against itself: the same question, put in another way, must have the same
// answer. For the fuzz target and the test of random rules.
#pragma once

#include <string>
#include <vector>

#include "betrace/model/kept_span.h"
#include "betrace/rules/checked_rule.h"
#include "betrace/rules/testing/random_choices.h"

namespace betrace::rules {

/// Evaluates `rule` on `spans`, which have different ids. Returns the first promise that is broken,
/// in words, or nothing. `choices` draws the orders and budgets that are tried.
[[nodiscard]] std::string broken_promise(const CheckedRule& rule,
                                         const std::vector<model::KeptSpan>& spans,
                                         RandomChoices* choices);

}  // namespace betrace::rules
