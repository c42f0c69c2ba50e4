#include "betrace/rules/value_type.h"

#include <algorithm>

namespace betrace::rules {
namespace {

using ValueKind = Value::Kind;

ValueType type_of_literal(const Literal& literal) noexcept {
  switch (literal.type) {
    case Literal::Type::Nil:
      return ValueType::Nil;
    case Literal::Type::Bool:
      return ValueType::Bool;
    case Literal::Type::Int:
      return ValueType::Int;
    case Literal::Type::Double:
      return ValueType::Double;
    case Literal::Type::Duration:
      return ValueType::Duration;
    case Literal::Type::String:
      return ValueType::String;
    case Literal::Type::List:
      return ValueType::List;
  }
  return ValueType::Any;
}

bool is_number(ValueType type) noexcept {
  return type == ValueType::Int || type == ValueType::Double;
}

// A duration stays one beside numbers; two durations divide to a number, and multiply to nothing.
ValueType type_of_arithmetic(const Value& value) noexcept {
  const bool left = type_of(*value.operands[0]) == ValueType::Duration;
  const bool right = type_of(*value.operands[1]) == ValueType::Duration;
  switch (value.kind) {
    case ValueKind::Multiply:
      return left != right ? ValueType::Duration : ValueType::Any;
    case ValueKind::Divide:
      return left && is_number(type_of(*value.operands[1])) ? ValueType::Duration : ValueType::Any;
    default:
      return left || right ? ValueType::Duration : ValueType::Any;
  }
}

ValueType type_of_aggregate(const Value& value) noexcept {
  switch (value.aggregate) {
    case AggregateKind::Count:
    case AggregateKind::CountDistinct:
      return ValueType::Int;
    default:
      return type_of(*value.operands[0]) == ValueType::Duration ? ValueType::Duration
                                                                : ValueType::Any;
  }
}

}  // namespace

ValueType type_of(const Value& value) noexcept {
  switch (value.kind) {
    case ValueKind::Literal:
      return type_of_literal(value.literal);
    case ValueKind::SpanField:
      return row_of(value.span_field).type;
    case ValueKind::TraceField:
      return row_of(value.trace_field).type;
    case ValueKind::EventField:
      return row_of(value.event_field).type;
    case ValueKind::LinkField:
      return row_of(value.link_field).type;
    case ValueKind::SpanAttributes:
    case ValueKind::ResourceAttributes:
      return ValueType::Map;
    case ValueKind::EventsCount:
    case ValueKind::LinksCount:
    case ValueKind::Length:
      return ValueType::Int;
    case ValueKind::Lower:
    case ValueKind::Upper:
      return ValueType::String;
    case ValueKind::Negate:
      return type_of(*value.operands[0]) == ValueType::Duration ? ValueType::Duration
                                                                : ValueType::Any;
    case ValueKind::Add:
    case ValueKind::Subtract:
    case ValueKind::Multiply:
    case ValueKind::Divide:
      return type_of_arithmetic(value);
    case ValueKind::Aggregate:
      return type_of_aggregate(value);
    default:
      return ValueType::Any;
  }
}

bool is_constant(const Value& value) noexcept {
  if (value.kind == ValueKind::Literal) return true;
  if (value.kind == ValueKind::Aggregate || value.operands.empty()) return false;
  return std::all_of(value.operands.begin(), value.operands.end(),
                     [](const auto& operand) { return is_constant(*operand); });
}

bool is_literal(const Value& value, Literal::Type type) noexcept {
  return value.kind == ValueKind::Literal && value.literal.type == type;
}

bool is_attribute(const Value& value) noexcept {
  switch (value.kind) {
    case ValueKind::SpanAttribute:
    case ValueKind::ResourceAttribute:
    case ValueKind::EventAttribute:
    case ValueKind::LinkAttribute:
      return true;
    case ValueKind::IndexKey:
    case ValueKind::IndexItem:
      return is_attribute(*value.operands[0]);
    default:
      return false;
  }
}

}  // namespace betrace::rules
