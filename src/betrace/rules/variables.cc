#include "betrace/rules/variables.h"

namespace betrace::rules {
namespace {

Variables variable_of(const SpanRef& span) noexcept {
  Variables variables;
  variables.span = span.base == SpanRef::Base::Span;
  variables.anchor = span.base == SpanRef::Base::Anchor;
  return variables;
}

// From inside the parentheses to outside: the candidate is bound there, the anchor is `span` here.
Variables outside(const Variables& inside) noexcept {
  Variables variables = inside;
  variables.span = inside.anchor;
  variables.anchor = false;
  return variables;
}

Variables variables_of_aggregate(const Value& value) {
  Variables inside;
  if (value.condition) inside |= variables_of(*value.condition);
  for (const auto& operand : value.operands) inside |= variables_of(*operand);
  for (const auto& key : value.group_by) inside |= variables_of(*key);
  return outside(inside);
}

// Of events or links: they are bound inside, `span` and `anchor` stay what they are.
Variables variables_of_elements(const SpanRef& span, const Condition* condition, bool events) {
  Variables variables;
  if (condition != nullptr) variables = variables_of(*condition);
  (events ? variables.event : variables.link) = false;
  variables |= variable_of(span);
  return variables;
}

// The value alone, without its operands.
Variables own_variables(const Value& value) {
  switch (value.kind) {
    case Value::Kind::SpanField:
    case Value::Kind::SpanAttribute:
    case Value::Kind::SpanAttributes:
    case Value::Kind::ResourceAttribute:
    case Value::Kind::ResourceAttributes:
    case Value::Kind::SpanOrResource:
      return variable_of(value.span);
    case Value::Kind::EventField:
    case Value::Kind::EventAttribute:
      return {.event = true};
    case Value::Kind::LinkField:
    case Value::Kind::LinkAttribute:
      return {.link = true};
    case Value::Kind::EventsCount:
      return variables_of_elements(value.span, value.condition.get(), true);
    case Value::Kind::LinksCount:
      return variables_of_elements(value.span, value.condition.get(), false);
    default:
      return {};
  }
}

// A long sum is deep on its left side alone, which is walked without the stack.
Variables collect(const Value& root, bool with_aggregates) {
  Variables variables;
  for (const Value* value = &root; value != nullptr;) {
    if (value->kind == Value::Kind::Aggregate) {
      if (with_aggregates) variables |= variables_of_aggregate(*value);
      break;
    }
    variables |= own_variables(*value);
    const Value* left = nullptr;
    for (const auto& operand : value->operands) {
      if (left == nullptr) {
        left = operand.get();
      } else {
        variables |= collect(*operand, with_aggregates);
      }
    }
    value = left;
  }
  return variables;
}

}  // namespace

Variables& Variables::operator|=(const Variables& other) noexcept {
  span |= other.span;
  anchor |= other.anchor;
  event |= other.event;
  link |= other.link;
  return *this;
}

Variables variables_of(const Value& value) { return collect(value, true); }

Variables direct_variables_of(const Value& value) { return collect(value, false); }

Variables variables_of(const Condition& condition) {
  switch (condition.kind) {
    case Condition::Kind::Exists:
      return outside(variables_of(*condition.children[0]));
    case Condition::Kind::Structure: {
      // Inside, `anchor` is the span before the dot.
      Variables variables = outside(variables_of(*condition.children[0]));
      variables.span = false;
      variables |= variable_of(condition.span);
      return variables;
    }
    case Condition::Kind::EventsAny:
      return variables_of_elements(condition.span, condition.children[0].get(), true);
    case Condition::Kind::LinksAny:
      return variables_of_elements(condition.span, condition.children[0].get(), false);
    default:
      break;
  }
  Variables variables;
  for (const auto& child : condition.children) variables |= variables_of(*child);
  if (condition.left) variables |= variables_of(*condition.left);
  if (condition.right) variables |= variables_of(*condition.right);
  return variables;
}

}  // namespace betrace::rules
