#include <fmt/format.h>

#include "betrace/rules/checker_parts.h"
#include "betrace/rules/value_type.h"

namespace betrace::rules {
namespace {

using LiteralType = Literal::Type;

bool is_text_type(ValueType type) noexcept {
  return type == ValueType::Any || type == ValueType::String || type == ValueType::SpanKind ||
         type == ValueType::SpanStatus || type == ValueType::Id;
}

std::string_view spelling_of(ComparisonWord word) noexcept {
  switch (word) {
    case ComparisonWord::StartsWith:
      return "starts_with";
    case ComparisonWord::EndsWith:
      return "ends_with";
    default:
      return "contains";
  }
}

}  // namespace

// Refuses what could never be true, or always would be, whatever the trace.
bool Checker::may_compare(const Test& test, const Value& left, const Value& right) {
  if (is_constant(left) && is_constant(right)) {
    refuse(Code::E_TYPE, test.range, "both sides are constants",
           "for an attribute write span.attributes[\"...\"]");
    return false;
  }
  switch (test.word) {
    case ComparisonWord::In:
      return may_contain(test, right);
    case ComparisonWord::StartsWith:
    case ComparisonWord::EndsWith:
      return may_be_affix(test, right);
    case ComparisonWord::Contains:
    case ComparisonWord::Matches:
      return true;
    case ComparisonWord::Equal:
    case ComparisonWord::NotEqual:
      return may_equal_duration(test, left, right);
    default:
      return may_order(test, left, right) && may_equal_duration(test, left, right);
  }
}

bool Checker::may_order(const Test& test, const Value& left, const Value& right) {
  const auto has_no_order = [](const Value& value) {
    return is_literal(value, LiteralType::Nil) || is_literal(value, LiteralType::Bool);
  };
  if (!has_no_order(left) && !has_no_order(right)) return true;
  refuse(Code::E_TYPE, test.range, "nil, true and false have no order", "use == or !=");
  return false;
}

bool Checker::may_equal_duration(const Test& test, const Value& left, const Value& right) {
  const auto mixed = [](const Value& duration, const Value& text) {
    return type_of(duration) == ValueType::Duration && duration.kind != Value::Kind::Literal &&
           is_literal(text, LiteralType::String);
  };
  if (!mixed(left, right) && !mixed(right, left)) return true;
  refuse(Code::E_TYPE, test.range, "a duration is compared with text", "write 1s without quotes");
  return false;
}

// The right side of `in`.
bool Checker::may_contain(const Test& test, const Value& right) {
  switch (right.kind) {
    case Value::Kind::SpanAttributes:
    case Value::Kind::ResourceAttributes:
      return true;
    case Value::Kind::TraceField:
      if (right.trace_field == TraceField::Services) return true;
      break;
    default:
      if (is_literal(right, LiteralType::List) || is_attribute(right)) return true;
  }
  refuse(Code::E_TYPE, test.right.range, "the right side of 'in' must be a list or an attribute",
         "write in [\"a\", \"b\"] or in span.attributes[\"key\"]; for a part of a text use "
         "contains");
  return false;
}

bool Checker::may_be_affix(const Test& test, const Value& right) {
  if (is_text_type(type_of(right))) return true;
  refuse(Code::E_TYPE, test.right.range,
         fmt::format("the right side of '{}' must be text", spelling_of(test.word)), "quote it");
  return false;
}

}  // namespace betrace::rules
