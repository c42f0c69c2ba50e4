#include "betrace/rules/checker.h"

#include <utility>

#include "betrace/rules/checker_parts.h"
#include "betrace/rules/rule_level_span.h"

namespace betrace::rules {
namespace {

void add_part(const Condition& condition, CheckedTree* tree) {
  tree->parts.push_back({&condition, condition.range});
}

bool check_block(const Syntax& block, Checker* checker, ConditionPointer* condition) {
  *condition = checker->condition(block, {});
  return *condition != nullptr;
}

// when {W} always {A} never {N}: W and (not A or N).
CheckedTree check_blocks(const RuleSyntax& rule, Checker* checker) {
  CheckedTree tree;
  ConditionPointer when = checker->condition(*rule.when, {});
  if (when == nullptr) return {};
  // In the order of the text, so that the first mistake is the one reported.
  ConditionPointer always, never;
  const bool never_first =
      rule.always && rule.never && rule.never->range.offset < rule.always->range.offset;
  if (never_first && !check_block(*rule.never, checker, &never)) return {};
  if (rule.always && !check_block(*rule.always, checker, &always)) return {};
  if (rule.never && !never_first && !check_block(*rule.never, checker, &never)) return {};
  add_part(*when, &tree);
  if (always) add_part(*always, &tree);
  if (never) add_part(*never, &tree);
  ConditionPointer consequence =
      always ? join(Condition::Kind::Or, make_not(std::move(always)), std::move(never))
             : std::move(never);
  tree.condition = join(Condition::Kind::And, std::move(when), std::move(consequence));
  return tree;
}

CheckedTree check_expression(const RuleSyntax& rule, Checker* checker) {
  CheckedTree tree;
  tree.condition = checker->condition(*rule.expression, {});
  if (tree.condition == nullptr) return {};
  const bool list =
      rule.expression->kind == Syntax::Kind::And || rule.expression->kind == Syntax::Kind::Or;
  if (!list) add_part(*tree.condition, &tree);
  for (std::size_t i = 0; list && i < tree.condition->children.size(); ++i) {
    add_part(*tree.condition->children[i], &tree);
  }
  return tree;
}

}  // namespace

CheckedTree check(const RuleSyntax& rule, Refusal* refusal, std::vector<Diagnostic>* warnings) {
  const bool rule_level_span = has_rule_level_span(rule);
  Checker checker(rule_level_span, refusal, warnings);
  CheckedTree tree =
      rule.expression ? check_expression(rule, &checker) : check_blocks(rule, &checker);
  tree.rule_level_span = rule_level_span;
  return tree;
}

}  // namespace betrace::rules
