#include "betrace/rules/tree_text.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "betrace/rules/field_table.h"
#include "betrace/rules/string_literal.h"

namespace betrace::rules {
namespace {

constexpr std::array<std::string_view, 6> kOperatorNames = {"==", "!=", "<", "<=", ">", ">="};
constexpr std::array<std::string_view, 7> kAggregateNames = {
    "count", "sum", "avg", "min", "max", "percentile", "count_distinct"};
constexpr std::array<std::string_view, 8> kStructureNames = {
    "has_parent",  "has_child",   "has_ancestor", "has_descendant",
    "has_sibling", "preceded_by", "followed_by",  "overlaps"};

template <typename Names, typename Enumerator>
std::string_view name_in(const Names& names, Enumerator enumerator) {
  return names[static_cast<std::size_t>(enumerator)];
}

// A double that is read as one again, not as an integer.
std::string double_text(double value) {
  std::string text = fmt::format("{}", value);
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

std::string list_text(const Literal& list) {
  std::string text;
  for (const Literal& item : list.items) {
    text += fmt::format("{}{}", text.empty() ? "" : ", ", literal_text(item));
  }
  return fmt::format("[{}]", text);
}

std::string keyed(std::string_view owner, const std::string& key) {
  return fmt::format("{}[{}]", owner, string_literal(key));
}

std::string field_text(const Value& value) {
  const bool scope =
      value.span_field == SpanField::ScopeName || value.span_field == SpanField::ScopeVersion;
  return fmt::format("{}.{}{}", span_text(value.span), scope ? "scope." : "",
                     row_of(value.span_field).name);
}

bool is_arithmetic(const Value& value) noexcept {
  switch (value.kind) {
    case Value::Kind::Add:
    case Value::Kind::Subtract:
    case Value::Kind::Multiply:
    case Value::Kind::Divide:
    case Value::Kind::Negate:
    case Value::Kind::Length:
      return true;
    default:
      return false;
  }
}

std::string operand_text(const Value& value, std::size_t index = 0) {
  const Value& operand = *value.operands[index];
  const std::string text = tree_text(operand);
  const bool literal = operand.kind == Value::Kind::Literal;  // may have a sign
  return is_arithmetic(operand) || literal ? fmt::format("({})", text) : text;
}

std::string binary_text(const Value& value, char sign) {
  return fmt::format("{} {} {}", operand_text(value), sign, operand_text(value, 1));
}

std::string count_text(const Value& value, std::string_view list) {
  return fmt::format("{}.{}.count({})", span_text(value.span), list,
                     value.condition == nullptr ? "" : tree_text(*value.condition));
}

void add_argument(const std::string& argument, std::string* arguments) {
  if (!arguments->empty()) *arguments += ", ";
  *arguments += argument;
}

std::string aggregate_text(const Value& value) {
  std::string arguments;
  if (!value.operands.empty()) arguments = tree_text(*value.operands[0]);
  if (value.aggregate == AggregateKind::Percentile) {
    add_argument(double_text(value.percent), &arguments);
  }
  if (value.condition != nullptr) add_argument(tree_text(*value.condition), &arguments);
  std::string keys;
  for (const auto& key : value.group_by) add_argument(tree_text(*key), &keys);
  return fmt::format("{}({}){}", name_in(kAggregateNames, value.aggregate), arguments,
                     keys.empty() ? "" : fmt::format(" by ({})", keys));
}

bool is_connective(const Condition& condition) noexcept {
  return condition.kind == Condition::Kind::And || condition.kind == Condition::Kind::Or ||
         condition.kind == Condition::Kind::Not;
}

std::string list_of_conditions(const Condition& condition, std::string_view word) {
  std::string text;
  for (const auto& child : condition.children) {
    if (!text.empty()) text += fmt::format(" {} ", word);
    const std::string part = tree_text(*child);
    text += is_connective(*child) ? fmt::format("({})", part) : part;
  }
  return text;
}

std::string structure_text(const Condition& condition) {
  return fmt::format("{}.{}({}{})", span_text(condition.span),
                     name_in(kStructureNames, condition.method), tree_text(*condition.children[0]),
                     condition.within_ns ? fmt::format(", {}ns", *condition.within_ns) : "");
}

std::string test_text(const Condition& condition, std::string_view sign) {
  return fmt::format("{} {} {}", tree_text(*condition.left), sign, tree_text(*condition.right));
}

}  // namespace

std::string span_text(const SpanRef& span) {
  std::string text = span.base == SpanRef::Base::TraceRoot ? "trace.root"
                     : span.base == SpanRef::Base::Anchor  ? "anchor"
                                                           : "span";
  for (const SpanRef::Step step : span.steps) {
    text += step == SpanRef::Step::Parent ? ".parent" : ".root";
  }
  return text;
}

std::string literal_text(const Literal& literal) {
  switch (literal.type) {
    case Literal::Type::Nil:
      return "nil";
    case Literal::Type::Bool:
      return literal.boolean ? "true" : "false";
    case Literal::Type::Int:
      return fmt::format("{}", literal.integer);
    case Literal::Type::Double:
      return double_text(literal.real);
    case Literal::Type::Duration:
      return fmt::format("{}ns", literal.integer);
    case Literal::Type::String:
      return string_literal(literal.text);
    case Literal::Type::List:
      return list_text(literal);
  }
  return {};
}

std::string tree_text(const Value& value) {
  switch (value.kind) {
    case Value::Kind::Literal:
      return literal_text(value.literal);
    case Value::Kind::SpanField:
      return field_text(value);
    case Value::Kind::SpanAttribute:
      return keyed(span_text(value.span) + ".attributes", value.key);
    case Value::Kind::SpanAttributes:
      return span_text(value.span) + ".attributes";
    case Value::Kind::ResourceAttribute:
      return keyed(span_text(value.span) + ".resource", value.key);
    case Value::Kind::ResourceAttributes:
      return span_text(value.span) + ".resource";
    case Value::Kind::SpanOrResource:
      return value.key;
    case Value::Kind::TraceField:
      return fmt::format("trace.{}", row_of(value.trace_field).name);
    case Value::Kind::EventField:
      return fmt::format("event.{}", row_of(value.event_field).name);
    case Value::Kind::EventAttribute:
      return keyed("event.attributes", value.key);
    case Value::Kind::LinkField:
      return fmt::format("link.{}", row_of(value.link_field).name);
    case Value::Kind::LinkAttribute:
      return keyed("link.attributes", value.key);
    case Value::Kind::EventsCount:
      return count_text(value, "events");
    case Value::Kind::LinksCount:
      return count_text(value, "links");
    case Value::Kind::Add:
      return binary_text(value, '+');
    case Value::Kind::Subtract:
      return binary_text(value, '-');
    case Value::Kind::Multiply:
      return binary_text(value, '*');
    case Value::Kind::Divide:
      return binary_text(value, '/');
    case Value::Kind::Negate:
      return fmt::format("-{}", operand_text(value));
    case Value::Kind::Length:
      return fmt::format("#{}", operand_text(value));
    case Value::Kind::Lower:
      return fmt::format("{}.lower()", operand_text(value));
    case Value::Kind::Upper:
      return fmt::format("{}.upper()", operand_text(value));
    case Value::Kind::IndexKey:
      return keyed(operand_text(value), value.key);
    case Value::Kind::IndexItem:
      return fmt::format("{}[{}]", operand_text(value), value.index);
    case Value::Kind::Aggregate:
      return aggregate_text(value);
  }
  return {};
}

std::string tree_text(const Condition& condition) {
  switch (condition.kind) {
    case Condition::Kind::True:
      return "true";
    case Condition::Kind::False:
      return "false";
    case Condition::Kind::And:
      return list_of_conditions(condition, "and");
    case Condition::Kind::Or:
      return list_of_conditions(condition, "or");
    case Condition::Kind::Not:
      return "not " + list_of_conditions(condition, "");
    case Condition::Kind::Compare:
      return test_text(condition, name_in(kOperatorNames, condition.op));
    case Condition::Kind::In:
      return test_text(condition, "in");
    case Condition::Kind::Contains:
      return test_text(condition, "contains");
    case Condition::Kind::StartsWith:
      return test_text(condition, "starts_with");
    case Condition::Kind::EndsWith:
      return test_text(condition, "ends_with");
    case Condition::Kind::Matches:
      return fmt::format("{} matches {}", tree_text(*condition.left),
                         string_literal(condition.regex->expression()));
    case Condition::Kind::Truthy:
      return tree_text(*condition.left);
    case Condition::Kind::Exists:
      return fmt::format("trace.has({})", tree_text(*condition.children[0]));
    case Condition::Kind::Structure:
      return structure_text(condition);
    case Condition::Kind::EventsAny:
      return fmt::format("{}.events.any({})", span_text(condition.span),
                         tree_text(*condition.children[0]));
    case Condition::Kind::LinksAny:
      return fmt::format("{}.links.any({})", span_text(condition.span),
                         tree_text(*condition.children[0]));
  }
  return {};
}

}  // namespace betrace::rules
