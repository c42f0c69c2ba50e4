#include <fmt/format.h>

#include "betrace/rules/checker_parts.h"
#include "betrace/rules/names.h"
#include "betrace/rules/rebind.h"
#include "betrace/rules/value_type.h"

namespace betrace::rules {
namespace {

bool is_order(ComparisonWord word) noexcept {
  return word >= ComparisonWord::Less && word <= ComparisonWord::GreaterOrEqual;
}

bool is_duration_literal(const Syntax& syntax) noexcept {
  return syntax.kind == Syntax::Kind::Literal && syntax.literal.type == Literal::Type::Duration;
}

bool takes_list(ComparisonWord word) noexcept {
  return word == ComparisonWord::In || word == ComparisonWord::Equal ||
         word == ComparisonWord::NotEqual;
}

CompareOp operator_of(ComparisonWord word) noexcept {
  switch (word) {
    case ComparisonWord::NotEqual:
      return CompareOp::NotEqual;
    case ComparisonWord::Less:
      return CompareOp::Less;
    case ComparisonWord::LessOrEqual:
      return CompareOp::LessOrEqual;
    case ComparisonWord::Greater:
      return CompareOp::Greater;
    case ComparisonWord::GreaterOrEqual:
      return CompareOp::GreaterOrEqual;
    default:
      return CompareOp::Equal;
  }
}

Condition::Kind kind_of(ComparisonWord word) noexcept {
  switch (word) {
    case ComparisonWord::In:
      return Condition::Kind::In;
    case ComparisonWord::Contains:
      return Condition::Kind::Contains;
    case ComparisonWord::StartsWith:
      return Condition::Kind::StartsWith;
    case ComparisonWord::EndsWith:
      return Condition::Kind::EndsWith;
    case ComparisonWord::Matches:
      return Condition::Kind::Matches;
    default:
      return Condition::Kind::Compare;
  }
}

}  // namespace

ConditionPointer Checker::test(const Test& test, const Surroundings& around) {
  if (around.place == Place::Rule && is_bare_name(test.left)) {
    return named_attribute_test(test, around);
  }
  ValuePointer left = left_operand(test, around);
  if (left == nullptr) return nullptr;
  if (test.word == ComparisonWord::Matches) return matches_test(test, std::move(left));
  ValuePointer right = right_operand(test, around);
  if (right == nullptr) return nullptr;
  return build_test(test, std::move(left), std::move(right));
}

// a.b.c OP v at rule level: some span named a.b has the attribute c with OP v.
ConditionPointer Checker::named_attribute_test(const Test& test, const Surroundings& around) {
  const Syntax& name = test.left;
  if (name.names.size() == 1) return refuse_name(name);
  const std::string_view attribute = name.names.back();
  const bool own_duration = attribute == "duration" && is_duration_literal(test.right);
  if (attribute == "duration") warn_of_duration_attribute(name.range, test.right);
  ValuePointer left =
      own_duration ? make_span_field({}, SpanField::Duration, name.range)
                   : make_keyed(Value::Kind::SpanAttribute, std::string(attribute), name.range);
  ConditionPointer tested;
  if (test.word == ComparisonWord::Matches) {
    tested = matches_test(test, std::move(left));
  } else {
    ValuePointer right;
    if (is_order(test.word) && is_bare_name(test.right)) {
      right = make_keyed(Value::Kind::SpanAttribute, dotted(test.right), test.right.range);
    } else {
      right = right_operand(test, around);
      // It was written outside, but stands beside the candidate now.
      if (right != nullptr && !rebind_to_anchor(right.get())) {
        return refuse(Code::E_ANCHOR, test.right.range,
                      "'anchor' has no outer span in a value compared with name.attribute",
                      "write trace.has(name and span.attributes[\"...\"] > ...)");
      }
    }
    if (right == nullptr) return nullptr;
    tested = build_test(test, std::move(left), std::move(right));
  }
  if (tested == nullptr) return nullptr;
  ConditionPointer named = name_test(dotted_front(name), name.range);
  return make_exists(join(Condition::Kind::And, std::move(named), std::move(tested)), test.range);
}

ConditionPointer Checker::build_test(const Test& test, ValuePointer left, ValuePointer right) {
  if (!may_compare(test, *left, *right)) return nullptr;
  ConditionPointer result =
      make_compare(std::move(left), operator_of(test.word), std::move(right), test.range);
  result->kind = kind_of(test.word);
  return test.negated ? make_not(std::move(result)) : std::move(result);
}

ConditionPointer Checker::matches_test(const Test& test, ValuePointer left) {
  const Syntax& right = test.right;
  if (is_bare_name(right) && right.names.size() > 1) return refuse_dotted_text(right);
  if (!is_text(right) && !is_bare_name(right)) {
    return refuse(Code::E_REGEX, right.range,
                  "invalid regular expression: the right side of matches must be a string literal",
                  "write matches r\"...\"");
  }
  if (is_constant(*left)) {
    return refuse(Code::E_TYPE, test.range, "both sides are constants",
                  "for an attribute write span.attributes[\"...\"]");
  }
  const std::string expression = is_text(right) ? right.literal.text : dotted(right);
  if (expression.size() > kRegexBytesMax) {
    return refuse(Code::E_LIMIT, right.range, "regular expression longer than 1000 bytes",
                  "split the rule");
  }
  auto regex = Regex::compile(expression);
  if (!regex) {
    return refuse(Code::E_REGEX, right.range,
                  fmt::format("invalid regular expression: {}", excerpt(regex.error().message)),
                  "the syntax is RE2's; a raw string r\"...\" needs no doubled backslashes");
  }
  ConditionPointer result = make_condition(Condition::Kind::Matches, test.range);
  result->left = std::move(left);
  result->regex = std::move(*regex);
  return test.negated ? make_not(std::move(result)) : std::move(result);
}

ValuePointer Checker::left_operand(const Test& test, const Surroundings& around) {
  const Syntax& left = test.left;
  if (left.kind == Syntax::Kind::By) {
    const bool may_group = kind_of(test.word) == Condition::Kind::Compare;
    return may_group ? grouped(left, around) : refuse_by(left);
  }
  if (is_bare_name(left)) return attribute_of_candidate(left, test.right, around);
  // "key" OP v in .where; but "item" in span.attributes["list"] tests membership.
  const bool item = test.word == ComparisonWord::In && test.right.kind != Syntax::Kind::List;
  if (is_text(left) && around.place == Place::Where && !item) {
    return make_keyed(Value::Kind::SpanAttribute, left.literal.text, left.range);
  }
  return value(left, around);
}

ValuePointer Checker::right_operand(const Test& test, const Surroundings& around) {
  const Syntax& right = test.right;
  if (is_bare_name(right)) return bare_right_operand(test, around);
  if (right.kind != Syntax::Kind::List) return value(right, around);
  if (!takes_list(test.word)) {
    return refuse(Code::E_TYPE, right.range,
                  "a list may stand only to the right of in, == and !=", "write value in [...]");
  }
  if (right.literal.items.empty()) {
    return refuse(Code::E_TYPE, right.range, "a list must not be empty", "write [\"a\", \"b\"]");
  }
  ValuePointer list = make_value(Value::Kind::Literal, right.range);
  list->literal = right.literal;
  return list;
}

// Beside an order it is another attribute, elsewhere text.
ValuePointer Checker::bare_right_operand(const Test& test, const Surroundings& around) {
  const Syntax& right = test.right;
  const bool own_duration = is_word(right, "duration") && is_duration_literal(test.left);
  const bool compares = kind_of(test.word) == Condition::Kind::Compare;
  if (is_order(test.word) || (own_duration && compares && around.place != Place::Rule)) {
    return attribute_of_candidate(right, test.left, around);
  }
  if (right.names.size() > 1) return refuse_dotted_text(right);
  return make_text(dotted(right), right.range);
}

// A bare name beside a comparison: what it reads of the candidate, event or link.
ValuePointer Checker::attribute_of_candidate(const Syntax& name, const Syntax& other,
                                             const Surroundings& around) {
  const bool of_span = around.place == Place::Candidate || around.place == Place::Where;
  if (of_span && is_word(name, "duration")) {
    if (is_duration_literal(other)) return make_span_field({}, SpanField::Duration, name.range);
    warn_of_duration_attribute(name.range, other);
  }
  if (around.place == Place::Candidate) {
    return make_keyed(Value::Kind::SpanAttribute, dotted(name), name.range);
  }
  return path_value(name, around);
}

void Checker::warn_of_duration_attribute(SourceRange range, const Syntax& other) {
  if (other.kind != Syntax::Kind::Literal) return;
  const Literal::Type type = other.literal.type;
  if (type != Literal::Type::Int && type != Literal::Type::Double &&
      type != Literal::Type::String) {
    return;
  }
  warnings_->push_back({Code::W_ATTR_DURATION,
                        "'duration' compared with a plain literal reads the attribute duration",
                        "write a duration such as 5s for the span's own duration", range, 1, 1});
}

}  // namespace betrace::rules
