#include "betrace/rules/testing/explained_rule.h"

#include <algorithm>

#include "betrace/base/check.h"

namespace betrace::rules {

bool ExplainedRule::is_evaluated() const {
  return std::ranges::all_of(clauses_, &ClauseResult::evaluated);
}

std::vector<std::uint32_t> ExplainedRule::cited() const {
  std::vector<std::uint32_t> spans;
  cite(*rule_.condition, &spans);
  return spans;
}

const ClauseResult* ExplainedRule::find(const Condition& condition) const {
  for (std::size_t i = 0; i < clauses_.size(); ++i) {
    if (rule_.clauses[i].condition == &condition) return &clauses_[i];
  }
  return nullptr;
}

bool ExplainedRule::truth_of(const Condition& condition) const {
  if (const ClauseResult* clause = find(condition)) return clause->value;
  const auto holds = [this](const auto& child) { return truth_of(*child); };
  switch (condition.kind) {
    case Condition::Kind::And:
      return std::ranges::all_of(condition.children, holds);
    case Condition::Kind::Or:
      return std::ranges::any_of(condition.children, holds);
    default:
      BETRACE_CHECK(condition.kind == Condition::Kind::Not);
      return !truth_of(*condition.children[0]);
  }
}

// `and` and `or` cite the operands that make them what they are; `not` cites its operand.
void ExplainedRule::cite(const Condition& condition, std::vector<std::uint32_t>* spans) const {
  if (const ClauseResult* clause = find(condition)) {
    spans->insert(spans->end(), clause->spans.begin(), clause->spans.end());
    return;
  }
  const bool is_not = condition.kind == Condition::Kind::Not;
  const bool truth = truth_of(condition);
  for (const auto& child : condition.children) {
    if (is_not || truth_of(*child) == truth) cite(*child, spans);
  }
}

}  // namespace betrace::rules
