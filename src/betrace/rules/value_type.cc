#include "betrace/rules/value_type.h"

#include <algorithm>

namespace betrace::rules {
namespace {

using Kind = Value::Kind;

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
    case Kind::Multiply:
      return left != right ? ValueType::Duration : ValueType::Any;
    case Kind::Divide:
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
    case Kind::Literal:
      return type_of_literal(value.literal);
    case Kind::SpanField:
      return row_of(value.span_field).type;
    case Kind::TraceField:
      return row_of(value.trace_field).type;
    case Kind::EventField:
      return row_of(value.event_field).type;
    case Kind::LinkField:
      return row_of(value.link_field).type;
    case Kind::SpanAttributes:
    case Kind::ResourceAttributes:
      return ValueType::Map;
    case Kind::EventsCount:
    case Kind::LinksCount:
    case Kind::Length:
      return ValueType::Int;
    case Kind::Lower:
    case Kind::Upper:
      return ValueType::String;
    case Kind::Negate:
      return type_of(*value.operands[0]) == ValueType::Duration ? ValueType::Duration
                                                                : ValueType::Any;
    case Kind::Add:
    case Kind::Subtract:
    case Kind::Multiply:
    case Kind::Divide:
      return type_of_arithmetic(value);
    case Kind::Aggregate:
      return type_of_aggregate(value);
    default:
      return ValueType::Any;
  }
}

bool is_constant(const Value& value) noexcept {
  if (value.kind == Kind::Literal) return true;
  if (value.kind == Kind::Aggregate || value.operands.empty()) return false;
  return std::all_of(value.operands.begin(), value.operands.end(),
                     [](const auto& operand) { return is_constant(*operand); });
}

bool is_literal(const Value& value, Literal::Type type) noexcept {
  return value.kind == Kind::Literal && value.literal.type == type;
}

bool is_attribute(const Value& value) noexcept {
  switch (value.kind) {
    case Kind::SpanAttribute:
    case Kind::ResourceAttribute:
    case Kind::EventAttribute:
    case Kind::LinkAttribute:
      return true;
    case Kind::IndexKey:
    case Kind::IndexItem:
      return is_attribute(*value.operands[0]);
    default:
      return false;
  }
}

}  // namespace betrace::rules
