// Syntax tree to checked tree: the third stage of check_rule().
//
// Resolves every name, takes every short form apart, and refuses what can have no meaning. The
// result has nothing left that can fail while a rule runs.
#pragma once

#include <memory>
#include <vector>

#include "betrace/rules/condition.h"
#include "betrace/rules/refusal.h"
#include "betrace/rules/syntax.h"

namespace betrace::rules {

/// A part of the rule that an explanation reports on its own.
struct CheckedPart {
  const Condition* condition = nullptr;  ///< Lies inside the rule's condition.
  SourceRange range;
};

struct CheckedTree {
  std::unique_ptr<Condition> condition;  ///< V; null after noting a refusal.
  bool rule_level_span = false;          ///< `span` occurs outside of all parentheses.
  std::vector<CheckedPart> parts;        ///< The blocks, or the operands of the top-level and/or.
};

/// Returns the meaning of the rule; warnings that only the checker can see are appended.
[[nodiscard]] CheckedTree check(const RuleSyntax& rule, Refusal* refusal,
                                std::vector<Diagnostic>* warnings);

}  // namespace betrace::rules
