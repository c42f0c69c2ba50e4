#include "betrace/rules/tree_walk.h"

namespace betrace::rules {
namespace {

bool binds_candidate(const Condition& condition) noexcept {
  return condition.kind == Condition::Kind::Exists || condition.kind == Condition::Kind::Structure;
}

}  // namespace

void walk(const Condition& condition, const TreeVisitor& visitor, int level) {
  if (visitor.on_condition) visitor.on_condition(condition, level);
  if (condition.left != nullptr) walk(*condition.left, visitor, level);
  if (condition.right != nullptr) walk(*condition.right, visitor, level);
  const int inside = binds_candidate(condition) ? level + 1 : level;
  for (const auto& child : condition.children) walk(*child, visitor, inside);
}

void walk(const Value& value, const TreeVisitor& visitor, int level) {
  if (visitor.on_value) visitor.on_value(value, level);
  const int inside = value.kind == Value::Kind::Aggregate ? level + 1 : level;
  for (const auto& operand : value.operands) walk(*operand, visitor, inside);
  if (value.condition != nullptr) walk(*value.condition, visitor, inside);
  for (const auto& key : value.group_by) walk(*key, visitor, inside);
}

}  // namespace betrace::rules
