// Test support: the explanation of a rule, put together again to its verdict and its witnesses.
#pragma once

#include <vector>

#include "betrace/rules/checked_rule.h"
#include "betrace/rules/naive_evaluator.h"

namespace betrace::rules {

/// The clauses of one rule, as explain() found them for one span or the trace. Immutable.
class ExplainedRule {
 public:
  /// `rule` must outlive this.
  ExplainedRule(const CheckedRule& rule, std::vector<ClauseResult> clauses)
      : rule_(rule), clauses_(std::move(clauses)) {}

  /// False if a clause spent its budget.
  [[nodiscard]] bool is_evaluated() const;
  [[nodiscard]] const std::vector<ClauseResult>& clauses() const noexcept { return clauses_; }
  /// What the clauses make of the rule. Requires: they are the leaves of the rule's logic.
  [[nodiscard]] bool truth() const { return truth_of(*rule_.condition); }
  /// What the rule cites, in no order, by section 7 of the language reference.
  [[nodiscard]] std::vector<std::uint32_t> cited() const;

 private:
  [[nodiscard]] const ClauseResult* find(const Condition& condition) const;
  [[nodiscard]] bool truth_of(const Condition& condition) const;
  void cite(const Condition& condition, std::vector<std::uint32_t>* spans) const;

  const CheckedRule& rule_;
  std::vector<ClauseResult> clauses_;
};

}  // namespace betrace::rules
