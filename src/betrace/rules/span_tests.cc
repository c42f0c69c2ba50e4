#include "betrace/rules/span_tests.h"

#include <utility>

#include "betrace/rules/condition_truth.h"
#include "betrace/rules/naive_evaluator.h"
#include "betrace/rules/span_fields.h"
#include "betrace/rules/tree_text.h"

namespace betrace::rules {
namespace {

constexpr std::size_t kKindCount = 6;
constexpr std::size_t kStatusCount = 3;

// `x != nil` and `x == nil` ask whether x is there.
bool is_nil_test(const Condition& test) {
  return test.kind == Condition::Kind::Compare &&
         (test.op == CompareOp::Equal || test.op == CompareOp::NotEqual) &&
         test.right->kind == Value::Kind::Literal && test.right->literal.type == Literal::Type::Nil;
}

bool compares_with_constant(const Condition& test) {
  return test.left != nullptr &&
         (test.right == nullptr || test.right->kind == Value::Kind::Literal);
}

// Both spellings of an equality are one test.
std::string text_of_test(const Condition& test) {
  if (test.kind != Condition::Kind::Compare || test.op != CompareOp::NotEqual) {
    return tree_text(test);
  }
  return tree_text(*test.left) + " == " + tree_text(*test.right);
}

bool is_inequality(const Condition& test) noexcept {
  return test.kind == Condition::Kind::Compare && test.op == CompareOp::NotEqual;
}

bool decide(const Condition& test, const model::SpanView& span) {
  RuleRun run(nullptr, kStepsMax);
  Bindings bindings;
  bindings.span = {&span, 0};
  return rules::holds(test, bindings, &run);
}

}  // namespace

Formula SpanTests::literal_of(const Condition& test, bool negated) {
  if (is_nil_test(test) && subject_of(*test.left)) {
    return literal_formula(presence_of(*test.left), (test.op == CompareOp::Equal) != negated);
  }
  std::string text = text_of_test(test);
  const auto known = by_text_.find(text);
  const TestIndex index = known != by_text_.end() ? known->second : add(test, std::move(text));
  return literal_formula(index, is_inequality(test) != negated);
}

TestIndex SpanTests::add(const Condition& condition, std::string text) {
  const auto index = static_cast<TestIndex>(tests_.size());
  by_text_.emplace(text, index);
  tests_.push_back({std::move(text), &condition, std::nullopt});
  if (!compares_with_constant(condition)) return index;
  const auto subject = subject_of(*condition.left);
  if (!subject) return index;
  tests_.back().form = subject_at(*subject).add(index, condition);
  return index;
}

TestIndex SpanTests::presence_of(const Value& value) {
  std::string text = tree_text(value) + " != nil";
  const auto known = by_text_.find(text);
  if (known != by_text_.end()) return known->second;
  const auto index = static_cast<TestIndex>(tests_.size());
  by_text_.emplace(text, index);
  tests_.push_back({std::move(text), nullptr, TestForm::Presence});
  subject_at(*subject_of(value)).add_presence(index);
  return index;
}

SubjectTests& SpanTests::subject_at(const SpanSubject& subject) {
  const auto place = static_cast<std::uint32_t>(subjects_.size());
  const auto [entry, is_new] = places_.emplace(subject, place);
  if (!is_new) return subjects_[entry->second];
  switch (subject.kind) {
    case SpanSubject::Kind::Field:
      fields_.push_back({subject.field, place});
      break;
    case SpanSubject::Kind::Attribute:
      add_key(subject.key, place, &attributes_);
      break;
    case SpanSubject::Kind::Resource:
      add_key(subject.key, place, &resources_);
      break;
  }
  return subjects_.emplace_back(place);
}

// Requires: the key is new.
void SpanTests::add_key(const std::string& key, std::uint32_t subject, Keys* keys) {
  keys->texts.add(key);
  keys->subjects.push_back(subject);
}

void SpanTests::seal() {
  for (SubjectTests& subject : subjects_) subject.seal();
  for (const Test& test : tests_) is_asked_.push_back(test.form.has_value() ? 0 : 1);
  list_enumerators();
}

void SpanTests::list_enumerators() {
  by_kind_.resize(kKindCount);
  by_status_.resize(kStatusCount);
  const auto list = [this](const Field& field, Lists* lists) {
    for (std::size_t i = 0; i < lists->size(); ++i) {
      model::SpanView span;
      span.kind = static_cast<model::SpanKind>(i);
      span.status_code = static_cast<model::StatusCode>(i % kStatusCount);
      (*lists)[i] = subjects_[field.subject].tests_of(read_own_field(field.field, span));
    }
  };
  std::erase_if(fields_, [&](const Field& field) {
    if (field.field == SpanField::Kind) list(field, &by_kind_);
    if (field.field == SpanField::Status) list(field, &by_status_);
    return field.field == SpanField::Kind || field.field == SpanField::Status;
  });
}

std::optional<std::uint32_t> SpanTests::rank_of(TestIndex test) const noexcept {
  const Test& entry = tests_[test];
  if (!entry.form) return std::nullopt;
  return static_cast<std::uint32_t>(*entry.form);
}

void SpanTests::mark(const model::SpanView& span, SpanTruths* truths) const {
  truths->begin_span();
  for (const Field& field : fields_) {
    const SubjectTests& subject = subjects_[field.subject];
    if (field.field == SpanField::Name) {
      subject.mark_text(span.name, truths);
    } else if (field.field == SpanField::Duration) {
      subject.mark_integer(duration_ns(span), RuntimeValue::Type::Duration, truths);
    } else {
      subject.mark_value(read_own_field(field.field, span), truths);
    }
  }
  for (const TestIndex test : by_kind_[static_cast<std::size_t>(span.kind)]) truths->mark(test);
  for (const TestIndex test : by_status_[static_cast<std::size_t>(span.status_code)]) {
    truths->mark(test);
  }
  mark_attributes(span.attributes, attributes_, truths);
  const auto mark_resource = [&] { mark_attributes(span.resource, resources_, truths); };
  if (span.resource_number == 0) {
    mark_resource();
  } else {
    truths->mark_resource(span.resource_number, mark_resource);
  }
}

void SpanTests::mark_attributes(model::AttributesView attributes, const Keys& keys,
                                SpanTruths* truths) const {
  for (const model::AttributeView& attribute : attributes) {
    const auto key = keys.texts.find(attribute.key);
    if (!key || !truths->meet(keys.subjects[*key])) continue;
    const SubjectTests& subject = subjects_[keys.subjects[*key]];
    const model::ValueView& value = attribute.value;
    if (value.type() == model::ValueType::String) {
      subject.mark_text(value.as_text(), truths);
    } else if (value.type() == model::ValueType::Int) {
      subject.mark_integer(value.as_int(), RuntimeValue::Type::Int, truths);
    } else {
      subject.mark_value(RuntimeValue::of(value), truths);
    }
  }
}

bool SpanTests::ask(TestIndex test, const model::SpanView& span, SpanTruths* truths) const {
  const Test& entry = tests_[test];
  return truths->ask(test, [&] {
    return is_inequality(*entry.condition) ? !decide(*entry.condition, span)
                                           : decide(*entry.condition, span);
  });
}

}  // namespace betrace::rules
