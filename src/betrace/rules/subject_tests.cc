#include "betrace/rules/subject_tests.h"

#include <algorithm>

#include "betrace/base/ascii.h"
#include "betrace/rules/comparison.h"
#include "betrace/rules/condition_truth.h"

namespace betrace::rules {
namespace {

using LiteralType = Literal::Type;

bool is_equality(const Condition& condition) noexcept {
  return condition.kind == Condition::Kind::Compare &&
         (condition.op == CompareOp::Equal || condition.op == CompareOp::NotEqual);
}

bool is_text_list(const Literal& literal) {
  return literal.type == LiteralType::List &&
         std::ranges::all_of(literal.items,
                             [](const Literal& item) { return item.type == LiteralType::String; });
}

std::optional<Number> number_of(const Literal& literal) {
  switch (literal.type) {
    case LiteralType::Int:
    case LiteralType::Duration:
      return Number::of(literal.integer);
    case LiteralType::Double:
      return Number::of(literal.real);
    default:
      return std::nullopt;
  }
}

// No other text is a number or a duration.
bool may_be_number(std::string_view text) {
  return !text.empty() && (is_digit(text.front()) || text.front() == '-');
}

// A text that may equal something that is no text.
bool may_equal_other(std::string_view text) {
  return text == "true" || text == "false" || parse_number(text).has_value() ||
         parse_duration(text).has_value();
}

}  // namespace

bool SubjectTests::Test::holds(const RuntimeValue& value) const {
  const RuntimeValue right =
      condition->right == nullptr ? RuntimeValue() : RuntimeValue::of(condition->right->literal);
  if (is_equality(*condition)) return is_equal(value, right);
  return apply_test(*condition, value, right);
}

std::vector<TestIndex> SubjectTests::holding(
    const RuntimeValue& value, std::initializer_list<const std::vector<Test>*> lists) {
  std::vector<TestIndex> tests;
  for (const auto* list : lists) {
    for (const Test& test : *list) {
      if (test.holds(value)) tests.push_back(test.index);
    }
  }
  return tests;
}

std::optional<TestForm> SubjectTests::add(TestIndex index, const Condition& condition) {
  const Test test = {index, &condition};
  if (test.holds(RuntimeValue())) return std::nullopt;
  if (condition.right != nullptr) {
    const Literal& literal = condition.right->literal;
    const bool is_text = is_equality(condition) && literal.type == LiteralType::String;
    const bool is_choice = condition.kind == Condition::Kind::In && is_text_list(literal);
    if (is_text || is_choice) {
      add_texts(test, literal);
      return TestForm::Text;
    }
    if (add_affix(test)) {
      affixes_.push_back(test);
      return TestForm::Affix;
    }
    if (condition.kind == Condition::Kind::Compare && add_threshold(test)) {
      numbers_.push_back(test);
      return is_equality(condition) ? TestForm::Number : TestForm::Threshold;
    }
  }
  (condition.kind == Condition::Kind::Truthy ? bare_ : others_).push_back(test);
  return TestForm::Any;
}

void SubjectTests::add_texts(const Test& test, const Literal& literal) {
  const std::span<const Literal> items =
      literal.type == LiteralType::List ? std::span(literal.items) : std::span(&literal, 1);
  text_tests_.push_back(test);
  bool may_equal_others = false;
  for (const Literal& item : items) {
    const std::uint32_t text = texts_.add(item.text);
    if (text == by_text_.size()) by_text_.emplace_back();
    std::vector<TestIndex>& tests = by_text_[text];
    if (tests.empty() || tests.back() != test.index) tests.push_back(test.index);
    may_equal_others = may_equal_others || may_equal_other(item.text);
  }
  if (may_equal_others) texts_as_values_.push_back(test);
}

// No value but a text begins or ends with a text.
bool SubjectTests::add_affix(const Test& test) {
  const bool is_beginning = test.condition->kind == Condition::Kind::StartsWith;
  if (!is_beginning && test.condition->kind != Condition::Kind::EndsWith) return false;
  const Literal& literal = test.condition->right->literal;
  if (literal.type != LiteralType::String) return false;
  (is_beginning ? beginnings_ : ends_).add(literal.text, test.index);
  return true;
}

bool SubjectTests::add_threshold(const Test& test) {
  const auto number = number_of(test.condition->right->literal);
  if (!number || number->is_nan()) return false;
  switch (test.condition->op) {
    case CompareOp::Equal:
    case CompareOp::NotEqual:
      equal_.push_back({*number, true, test});
      break;
    case CompareOp::Greater:
    case CompareOp::GreaterOrEqual:
      above_.push_back({*number, test.condition->op == CompareOp::GreaterOrEqual, test});
      break;
    case CompareOp::Less:
    case CompareOp::LessOrEqual:
      below_.push_back({*number, test.condition->op == CompareOp::LessOrEqual, test});
      break;
  }
  return true;
}

void SubjectTests::seal() {
  const auto is_less = [](const Threshold& left, const Threshold& right) {
    return compare(left.number, right.number) < 0;
  };
  std::ranges::stable_sort(above_, is_less);
  std::ranges::stable_sort(equal_, is_less);
  std::ranges::stable_sort(below_, is_less);
  std::ranges::reverse(below_);
}

void SubjectTests::mark_text(std::string_view text, SpanTruths* truths) const {
  if (presence_) truths->mark(*presence_);
  if (const auto known = texts_.find(text)) {
    for (const TestIndex test : by_text_[*known]) truths->mark(test);
  }
  beginnings_.mark(text, truths);
  ends_.mark(text, truths);
  if (!bare_.empty()) mark_all(bare_, RuntimeValue::string(text), truths);
  if (others_.empty() && (numbers_.empty() || !may_be_number(text))) return;
  truths->mark_remembered(place_, text, [&] {
    return holding(RuntimeValue::string(text), {&others_, &numbers_});
  });
}

std::vector<TestIndex> SubjectTests::tests_of(const RuntimeValue& value) const {
  std::vector<TestIndex> tests =
      holding(value, {&text_tests_, &affixes_, &bare_, &others_, &numbers_});
  if (presence_ && !value.is_nil()) tests.push_back(*presence_);
  return tests;
}

void SubjectTests::mark_value(const RuntimeValue& value, SpanTruths* truths) const {
  if (value.is_nil()) return;
  if (value.type() == RuntimeValue::Type::String) return mark_text(value.as_text(), truths);
  if (presence_) truths->mark(*presence_);
  mark_all(bare_, value, truths);
  mark_all(others_, value, truths);
  mark_all(texts_as_values_, value, truths);
  value.is_numeric() ? mark_number(*value.to_number(), truths) : mark_all(numbers_, value, truths);
}

void SubjectTests::mark_integer(std::int64_t integer, RuntimeValue::Type type,
                                SpanTruths* truths) const {
  if (!bare_.empty() || !others_.empty() || !texts_as_values_.empty()) {
    const bool is_duration = type == RuntimeValue::Type::Duration;
    return mark_value(
        is_duration ? RuntimeValue::duration(integer) : RuntimeValue::integer(integer), truths);
  }
  if (presence_) truths->mark(*presence_);
  mark_number(Number::of(integer), truths);
}

void SubjectTests::mark_number(const Number& number, SpanTruths* truths) const {
  if (number.is_nan()) return;
  for (const Threshold& threshold : above_) {
    const auto order = compare(threshold.number, number);
    if (order > 0) break;
    if (order < 0 || threshold.includes) truths->mark(threshold.test.index);
  }
  for (const Threshold& threshold : below_) {
    const auto order = compare(threshold.number, number);
    if (order < 0) break;
    if (order > 0 || threshold.includes) truths->mark(threshold.test.index);
  }
  auto equal = std::ranges::lower_bound(
      equal_, number,
      [](const Number& left, const Number& right) { return compare(left, right) < 0; },
      &Threshold::number);
  for (; equal != equal_.end() && compare(equal->number, number) == 0; ++equal) {
    truths->mark(equal->test.index);
  }
}

void SubjectTests::mark_all(const std::vector<Test>& tests, const RuntimeValue& value,
                            SpanTruths* truths) {
  for (const Test& test : tests) {
    if (test.holds(value)) truths->mark(test.index);
  }
}

}  // namespace betrace::rules
