// What a span must show by itself to be possible as a candidate of a condition.
//
// predicate_network.cc compiles it for every place in a rule where spans are tried. Whatever
// depends on other spans counts as possible, so that the formula is never false for a span that
// fits.
#pragma once

#include <functional>

#include "betrace/rules/condition.h"
#include "betrace/rules/formula.h"

namespace betrace::rules {

/// Gives a test of one span its literal; called for conditions that read_one_span().
using NameTest = std::function<Formula(const Condition& test, bool negated)>;

struct CandidateFormula {
  Formula formula;
  bool is_exact = true;  ///< The condition says just this: nothing depends on other spans.
};

/// Cost: linear in the tree.
[[nodiscard]] CandidateFormula candidate_formula(const Condition& condition,
                                                 const NameTest& name_test);

/// True if the condition reads nothing but fixed data of `span` itself.
[[nodiscard]] bool reads_one_span(const Condition& condition);

}  // namespace betrace::rules
