#include "betrace/rules/testing/plain_evaluator.h"

#include <algorithm>
#include <map>
#include <string>

#include "betrace/rules/arithmetic.h"
#include "betrace/rules/condition_truth.h"
#include "betrace/rules/structure.h"
#include "betrace/rules/value_reader.h"

namespace betrace::rules {

Evaluation PlainEvaluator::evaluate(const CheckedRule& rule) {
  Evaluation evaluation;
  is_cited_.assign(trace_.size(), false);
  if (rule.scope == Scope::Trace) {
    evaluation.matched = holds(*rule.condition, {});
    if (evaluation.matched) why(*rule.condition, {});
  } else {
    for (std::uint32_t i = 0; i < trace_.size(); ++i) {
      Bindings bindings;
      bindings.span = run_.bound(i);
      if (!holds(*rule.condition, bindings)) continue;
      evaluation.violating.push_back(i);
      if (rule.scope == Scope::Mixed) why(*rule.condition, bindings);
    }
    evaluation.matched = !evaluation.violating.empty();
  }
  for (std::uint32_t i = 0; i < trace_.size(); ++i) {
    if (is_cited_[i]) evaluation.witnesses.push_back(i);
  }
  if (rule.scope == Scope::Span) evaluation.witnesses = evaluation.violating;
  return evaluation;
}

bool PlainEvaluator::holds(const Condition& condition, const Bindings& bindings) {
  const auto child_holds = [&](const auto& child) { return holds(*child, bindings); };
  const Condition* body = condition.children.empty() ? nullptr : condition.children[0].get();
  switch (condition.kind) {
    case Condition::Kind::True:
      return true;
    case Condition::Kind::False:
      return false;
    case Condition::Kind::And:
      return std::ranges::all_of(condition.children, child_holds);
    case Condition::Kind::Or:
      return std::ranges::any_of(condition.children, child_holds);
    case Condition::Kind::Not:
      return !holds(*body, bindings);
    case Condition::Kind::Exists:
      return !fitting_spans(body, bindings).empty();
    case Condition::Kind::Structure:
      return !fitting_related(condition, bindings).empty();
    case Condition::Kind::EventsAny:
      return !fitting_events(condition.span, true, body, bindings).empty();
    case Condition::Kind::LinksAny:
      return !fitting_events(condition.span, false, body, bindings).empty();
    default:
      return test_holds(condition, bindings);
  }
}

bool PlainEvaluator::test_holds(const Condition& test, const Bindings& bindings) {
  if (is_grouped(test)) return !satisfying_groups(test, bindings).empty();
  const RuntimeValue left = value(*test.left, bindings);
  return apply_test(test, left, test.right ? value(*test.right, bindings) : RuntimeValue());
}

RuntimeValue PlainEvaluator::value(const Value& value, const Bindings& bindings) {
  const Condition* body = value.condition.get();
  const bool is_events = value.kind == Value::Kind::EventsCount;
  if (is_events || value.kind == Value::Kind::LinksCount) {
    if (resolve(value.span, bindings, run_).is_absent()) return {};
    return RuntimeValue::unsigned_integer(
        fitting_events(value.span, is_events, body, bindings).size());
  }
  if (value.kind == Value::Kind::Aggregate) {
    return aggregate(value.aggregate, value.percent, samples(value, fitting_spans(body, bindings)));
  }
  return value.operands.empty() ? read_value(value, bindings, &run_) : calculated(value, bindings);
}

RuntimeValue PlainEvaluator::calculated(const Value& operation, const Bindings& bindings) {
  const RuntimeValue left = value(*operation.operands[0], bindings);
  const bool is_binary = operation.operands.size() > 1;
  const RuntimeValue right = is_binary ? value(*operation.operands[1], bindings) : RuntimeValue();
  switch (operation.kind) {
    case Value::Kind::Add:
      return add(left, right);
    case Value::Kind::Subtract:
      return subtract(left, right);
    case Value::Kind::Multiply:
      return multiply(left, right);
    case Value::Kind::Divide:
      return divide(left, right);
    case Value::Kind::Negate:
      return negate(left);
    case Value::Kind::Length:
      return length(left);
    case Value::Kind::Lower:
      return lower(left);
    case Value::Kind::Upper:
      return upper(left);
    case Value::Kind::IndexKey:
      if (left.type() != RuntimeValue::Type::Map) return {};
      return RuntimeValue::of(model::find_attribute(left.as_map(), operation.key));
    default:
      if (left.type() != RuntimeValue::Type::List) return {};
      return operation.index < left.item_count() ? left.item(operation.index) : RuntimeValue();
  }
}

std::vector<Bindings> PlainEvaluator::fitting_spans(const Condition* body,
                                                    const Bindings& outside) {
  std::vector<Bindings> fitting;
  for (std::uint32_t x = 0; x < trace_.size(); ++x) {
    const Bindings inside = {run_.bound(x), outside.span, outside.event, outside.link};
    if (body == nullptr || holds(*body, inside)) fitting.push_back(inside);
  }
  return fitting;
}

std::vector<Bindings> PlainEvaluator::fitting_related(const Condition& method,
                                                      const Bindings& outside) {
  std::vector<Bindings> fitting;
  const BoundSpan s = resolve(method.span, outside, run_);
  if (s.is_absent()) return fitting;
  for (std::uint32_t x = 0; x < trace_.size(); ++x) {
    if (!is_related(trace_, {method.method, method.within_ns}, s.index, x)) continue;
    const Bindings inside = {run_.bound(x), s, outside.event, outside.link};
    if (holds(*method.children[0], inside)) fitting.push_back(inside);
  }
  return fitting;
}

std::vector<Bindings> PlainEvaluator::fitting_events(const SpanRef& span, bool events,
                                                     const Condition* body,
                                                     const Bindings& outside) {
  std::vector<Bindings> fitting;
  const BoundSpan owner = resolve(span, outside, run_);
  if (owner.is_absent()) return fitting;
  const std::size_t count = events ? owner.view->events.size() : owner.view->links.size();
  for (std::size_t i = 0; i < count; ++i) {
    Bindings inside = outside;
    if (events) inside.event = &owner.view->events[i];
    if (!events) inside.link = &owner.view->links[i];
    if (body == nullptr || holds(*body, inside)) fitting.push_back(inside);
  }
  return fitting;
}

std::vector<Sample> PlainEvaluator::samples(const Value& aggregate_value,
                                            const std::vector<Bindings>& fitting) {
  std::vector<Sample> samples;
  for (const Bindings& inside : fitting) {
    if (aggregate_value.operands.empty()) {
      samples.push_back({inside.span.index, {}});
      continue;
    }
    RuntimeValue counted =
        sample_value(aggregate_value.aggregate, value(*aggregate_value.operands[0], inside));
    if (!counted.is_nil()) samples.push_back({inside.span.index, std::move(counted)});
  }
  return samples;
}

std::vector<std::vector<Bindings>> PlainEvaluator::satisfying_groups(const Condition& test,
                                                                     const Bindings& outside) {
  std::map<std::string, std::vector<Bindings>> groups;
  for (const Bindings& inside : fitting_spans(test.left->condition.get(), outside)) {
    std::string identity;
    bool is_in_a_group = true;
    for (const auto& key : test.left->group_by) {
      const RuntimeValue part = value(*key, inside);
      is_in_a_group = is_in_a_group && !part.is_nil();
      append_identity(part, &identity);
    }
    if (is_in_a_group) groups[identity].push_back(inside);
  }
  std::vector<std::vector<Bindings>> satisfying;
  const RuntimeValue right = value(*test.right, outside);
  for (const auto& [identity, group] : groups) {
    const RuntimeValue left =
        aggregate(test.left->aggregate, test.left->percent, samples(*test.left, group));
    if (apply_test(test, left, right)) satisfying.push_back(group);
  }
  return satisfying;
}

}  // namespace betrace::rules
