#include "betrace/rules/condition_builder.h"

namespace betrace::rules {

ConditionPointer make_condition(Condition::Kind kind, SourceRange range) {
  auto condition = std::make_unique<Condition>();
  condition->kind = kind;
  condition->range = range;
  return condition;
}

ValuePointer make_value(Value::Kind kind, SourceRange range) {
  auto value = std::make_unique<Value>();
  value->kind = kind;
  value->range = range;
  return value;
}

ValuePointer make_text(std::string text, SourceRange range) {
  ValuePointer value = make_value(Value::Kind::Literal, range);
  value->literal.type = Literal::Type::String;
  value->literal.text = std::move(text);
  return value;
}

ValuePointer make_nil(SourceRange range) { return make_value(Value::Kind::Literal, range); }

ConditionPointer make_not(ConditionPointer child) {
  if (child == nullptr) return nullptr;
  ConditionPointer condition = make_condition(Condition::Kind::Not, child->range);
  condition->children.push_back(std::move(child));
  return condition;
}

ConditionPointer join(Condition::Kind kind, ConditionPointer first, ConditionPointer second) {
  if (second == nullptr) return first;
  const SourceRange range = first->range;
  ConditionPointer condition = make_condition(kind, range);
  condition->children.push_back(std::move(first));
  condition->children.push_back(std::move(second));
  return condition;
}

ConditionPointer make_exists(ConditionPointer candidate, SourceRange range) {
  if (candidate == nullptr) return nullptr;
  ConditionPointer condition = make_condition(Condition::Kind::Exists, range);
  condition->children.push_back(std::move(candidate));
  return condition;
}

ConditionPointer make_compare(ValuePointer left, CompareOp op, ValuePointer right,
                              SourceRange range) {
  ConditionPointer condition = make_condition(Condition::Kind::Compare, range);
  condition->op = op;
  condition->left = std::move(left);
  condition->right = std::move(right);
  return condition;
}

ConditionPointer name_test(std::string name, SourceRange range) {
  return make_compare(make_span_field({}, SpanField::Name, range), CompareOp::Equal,
                      make_text(std::move(name), range), range);
}

ConditionPointer event_name_test(std::string name, SourceRange range) {
  ValuePointer field = make_value(Value::Kind::EventField, range);
  field->event_field = EventField::Name;
  return make_compare(std::move(field), CompareOp::Equal, make_text(std::move(name), range), range);
}

ConditionPointer make_truthy(ValuePointer value) {
  if (value == nullptr) return nullptr;
  ConditionPointer condition = make_condition(Condition::Kind::Truthy, value->range);
  condition->left = std::move(value);
  return condition;
}

ValuePointer make_span_field(SpanRef span, SpanField field, SourceRange range) {
  ValuePointer value = make_value(Value::Kind::SpanField, range);
  value->span = std::move(span);
  value->span_field = field;
  return value;
}

ValuePointer make_keyed(Value::Kind kind, std::string key, SourceRange range, SpanRef span) {
  ValuePointer value = make_value(kind, range);
  value->span = std::move(span);
  value->key = std::move(key);
  return value;
}

}  // namespace betrace::rules
