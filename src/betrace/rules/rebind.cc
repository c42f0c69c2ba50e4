#include "betrace/rules/rebind.h"

#include "betrace/rules/span_use.h"
#include "betrace/rules/tree_walk.h"

namespace betrace::rules {
namespace {

// Anything inside one pair of parentheses that says `anchor` means the span outside of them.
bool mentions_outer_span_inside(const Value& value) {
  bool mentions = false;
  const auto look = [&mentions](const SpanRef& span, int level) {
    mentions = mentions || (level == 1 && span.base == SpanRef::Base::Anchor);
  };
  TreeVisitor visitor;
  visitor.on_value = [&look](const Value& part, int level) {
    if (reads_span(part)) look(part.span, level);
  };
  visitor.on_condition = [&look](const Condition& part, int level) {
    if (names_span(part)) look(part.span, level);
  };
  walk(value, visitor);
  return mentions;
}

void rebind(SpanRef* span) noexcept {
  if (span->base == SpanRef::Base::Span) span->base = SpanRef::Base::Anchor;
}

void rebind(Condition* condition);

void rebind(Value* value) {
  if (reads_span(*value)) rebind(&value->span);
  if (value->kind == Value::Kind::Aggregate) return;
  for (const auto& operand : value->operands) rebind(operand.get());
  if (value->condition != nullptr) rebind(value->condition.get());
}

void rebind(Condition* condition) {
  if (names_span(*condition)) rebind(&condition->span);
  if (condition->left != nullptr) rebind(condition->left.get());
  if (condition->right != nullptr) rebind(condition->right.get());
  const bool same_level =
      condition->kind != Condition::Kind::Exists && condition->kind != Condition::Kind::Structure;
  if (!same_level) return;
  for (const auto& child : condition->children) rebind(child.get());
}

}  // namespace

bool rebind_to_anchor(Value* value) {
  if (mentions_outer_span_inside(*value)) return false;
  rebind(value);
  return true;
}

}  // namespace betrace::rules
