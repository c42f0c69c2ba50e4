// The part of PlainEvaluator that cites, by section 7 of the language reference.

#include "betrace/rules/comparison.h"
#include "betrace/rules/condition_truth.h"
#include "betrace/rules/testing/plain_evaluator.h"
#include "betrace/rules/variables.h"

namespace betrace::rules {
namespace {

using Kind = Condition::Kind;

// `count(c) < v` and the like: the aggregate is claimed to be small.
bool claims_small_count(const Value& side, bool is_left, CompareOp op) {
  if (side.kind != Value::Kind::Aggregate) return false;
  if (side.aggregate != AggregateKind::Count && side.aggregate != AggregateKind::CountDistinct) {
    return false;
  }
  return is_left ? op == CompareOp::Less || op == CompareOp::LessOrEqual
                 : op == CompareOp::Greater || op == CompareOp::GreaterOrEqual;
}

bool is_comparison(const Condition& condition) {
  return condition.left != nullptr && condition.kind != Kind::Truthy && !is_grouped(condition);
}

}  // namespace

void PlainEvaluator::cite(const BoundSpan& span) {
  if (!span.is_absent()) is_cited_[span.index] = true;
}

// "In a condition inside parentheses the span `anchor` stands for is cited too, if c mentions it."
void PlainEvaluator::cite_fitting(const Condition* body, const Bindings& inside) {
  cite(inside.span);
  if (body == nullptr) return;
  if (variables_of(*body).anchor) cite(inside.anchor);
  why(*body, inside);
}

void PlainEvaluator::why(const Condition& condition, const Bindings& bindings) {
  const Condition* body = condition.children.empty() ? nullptr : condition.children[0].get();
  switch (condition.kind) {
    case Kind::True:
    case Kind::False:
      return;
    case Kind::And:
    case Kind::Or:
      for (const auto& child : condition.children) {
        if (holds(*child, bindings)) why(*child, bindings);
      }
      return;
    case Kind::Not:
      whynot(*body, bindings);
      return;
    case Kind::Exists:
      for (const Bindings& inside : fitting_spans(body, bindings)) cite_fitting(body, inside);
      return;
    case Kind::Structure:
      if (condition.span.base == SpanRef::Base::Span) cite(bindings.span);
      if (condition.span.base == SpanRef::Base::Anchor) cite(bindings.anchor);
      for (const Bindings& inside : fitting_related(condition, bindings)) {
        cite_fitting(body, inside);
      }
      return;
    case Kind::EventsAny:
    case Kind::LinksAny: {
      const Variables variables = variables_of(condition);
      if (variables.span) cite(bindings.span);
      if (variables.anchor) cite(bindings.anchor);
      const bool events = condition.kind == Kind::EventsAny;
      for (const Bindings& inside : fitting_events(condition.span, events, body, bindings)) {
        why(*body, inside);
      }
      return;
    }
    default:
      why_test(condition, condition.op, bindings);
  }
}

void PlainEvaluator::whynot(const Condition& condition, const Bindings& bindings) {
  if (condition.kind == Kind::Not) {
    why(*condition.children[0], bindings);
  } else if (condition.kind == Kind::And || condition.kind == Kind::Or) {
    for (const auto& child : condition.children) {
      if (!holds(*child, bindings)) whynot(*child, bindings);
    }
  } else if (is_comparison(condition)) {
    why_test(condition, opposite(condition.op), bindings);
  } else {
    cite(bindings.span);
  }
}

void PlainEvaluator::why_test(const Condition& test, CompareOp op, const Bindings& bindings) {
  Variables variables = direct_variables_of(*test.left);
  if (test.right) variables |= direct_variables_of(*test.right);
  if (variables.span || variables.anchor) {
    if (variables.span) cite(bindings.span);
    if (variables.anchor) cite(bindings.anchor);
    return;
  }
  const bool orders = test.kind == Kind::Compare;
  const bool is_small = orders && claims_small_count(*test.left, true, op);
  if (!is_small && is_grouped(test)) {
    for (const auto& group : satisfying_groups(test, bindings)) cite_counted(*test.left, group);
  } else if (!is_small) {
    why_counted(*test.left, bindings);
  }
  if (test.right && !(orders && claims_small_count(*test.right, false, op))) {
    why_counted(*test.right, bindings);
  }
}

void PlainEvaluator::why_counted(const Value& value, const Bindings& bindings) {
  if (value.kind == Value::Kind::Aggregate) {
    cite_counted(value, fitting_spans(value.condition.get(), bindings));
    return;
  }
  for (const auto& operand : value.operands) why_counted(*operand, bindings);
}

void PlainEvaluator::cite_counted(const Value& aggregate_value,
                                  const std::vector<Bindings>& fitting) {
  std::vector<Sample> counted = samples(aggregate_value, fitting);
  const bool is_extreme = aggregate_value.aggregate == AggregateKind::Min ||
                          aggregate_value.aggregate == AggregateKind::Max;
  if (is_extreme && !counted.empty()) counted = {extreme(aggregate_value.aggregate, counted)};
  for (const Sample& sample : counted) {
    for (const Bindings& inside : fitting) {
      if (inside.span.index == sample.span) cite_fitting(aggregate_value.condition.get(), inside);
    }
  }
}

}  // namespace betrace::rules
