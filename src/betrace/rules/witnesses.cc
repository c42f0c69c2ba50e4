#include "betrace/rules/witnesses.h"

#include <algorithm>

#include "betrace/rules/aggregate_reader.h"
#include "betrace/rules/candidates.h"
#include "betrace/rules/comparison.h"
#include "betrace/rules/condition_truth.h"
#include "betrace/rules/variables.h"

namespace betrace::rules {
namespace {

using ConditionKind = Condition::Kind;

bool is_comparison(ConditionKind kind) noexcept {
  switch (kind) {
    case ConditionKind::Compare:
    case ConditionKind::In:
    case ConditionKind::Contains:
    case ConditionKind::StartsWith:
    case ConditionKind::EndsWith:
    case ConditionKind::Matches:
      return true;
    default:
      return false;
  }
}

// The variables that a comparison or test reads itself, outside the parentheses of aggregates.
Variables variables_of_test(const Condition& test) {
  Variables variables = direct_variables_of(*test.left);
  if (test.right) variables |= direct_variables_of(*test.right);
  return variables;
}

// The aggregates of one side of a comparison.
std::vector<const Value*> aggregates_in(const Value& side) {
  std::vector<const Value*> aggregates;
  std::vector<const Value*> open = {&side};
  while (!open.empty()) {
    const Value* value = open.back();
    open.pop_back();
    if (value->kind == Value::Kind::Aggregate) {
      aggregates.push_back(value);
      continue;
    }
    for (const auto& operand : value->operands) open.push_back(operand.get());
  }
  return aggregates;
}

bool claims_small_left(const Condition& test, CompareOp op) noexcept {
  return test.kind == ConditionKind::Compare &&
         (op == CompareOp::Less || op == CompareOp::LessOrEqual);
}

bool claims_small_right(const Condition& test, CompareOp op) noexcept {
  return test.kind == ConditionKind::Compare &&
         (op == CompareOp::Greater || op == CompareOp::GreaterOrEqual);
}

// A count that is claimed to be small tells of an absence.
bool is_count(const Value& value) noexcept {
  return value.kind == Value::Kind::Aggregate && (value.aggregate == AggregateKind::Count ||
                                                  value.aggregate == AggregateKind::CountDistinct);
}

bool is_extreme(const Value& aggregate_value) noexcept {
  return aggregate_value.aggregate == AggregateKind::Min ||
         aggregate_value.aggregate == AggregateKind::Max;
}

}  // namespace

void WitnessCollector::cite(const BoundSpan& span) {
  if (!span.is_absent()) is_cited_[span.index] = true;
}

std::vector<std::uint32_t> WitnessCollector::cited() const {
  std::vector<std::uint32_t> spans;
  for (std::uint32_t i = 0; i < is_cited_.size(); ++i) {
    if (is_cited_[i]) spans.push_back(i);
  }
  return spans;
}

void WitnessCollector::cite_variables(const Variables& variables, const Bindings& bindings) {
  if (variables.span) cite(bindings.span);
  if (variables.anchor) cite(bindings.anchor);
}

// True unless the clause was explained before for the same outer span.
bool WitnessCollector::is_first_time(const void* clause, const ClauseMemo& memo,
                                     const BoundSpan& outer) {
  const auto key = RuleRun::key_of(memo, outer);
  if (!key) return true;
  TruthTable& explained = explained_clauses_[clause];
  if (explained.get(*key) == Truth::True) return false;
  explained.set(*key, true);
  return true;
}

// Cites a span that fits a clause, why it fits, and the anchor if the condition mentions it.
void WitnessCollector::cite_fitting(const void* clause, const Condition* body,
                                    const ClauseMemo& memo, const Bindings& inside) {
  cite(inside.span);
  if (body == nullptr) return;
  if (memo.body_reads_anchor) cite(inside.anchor);
  if (memo.together.empty()) {
    TruthTable& explained = explained_spans_[clause];
    if (explained.get(inside.span.index) == Truth::True) return;
    explained.set(inside.span.index, true);
  }
  why(*body, inside);
}

void WitnessCollector::why(const Condition& condition, const Bindings& bindings) {
  if (run_.budget().is_spent()) return;
  switch (condition.kind) {
    case ConditionKind::True:
    case ConditionKind::False:
      return;
    case ConditionKind::And:
      for (const auto& child : condition.children) why(*child, bindings);
      return;
    case ConditionKind::Or:
      for (const auto& child : condition.children) {
        if (holds(*child, bindings, &run_)) why(*child, bindings);
      }
      return;
    case ConditionKind::Not:
      whynot(*condition.children[0], bindings);
      return;
    case ConditionKind::Exists:
      why_exists(condition, bindings);
      return;
    case ConditionKind::Structure:
      why_structure(condition, bindings);
      return;
    case ConditionKind::EventsAny:
      why_event(condition, bindings);
      return;
    case ConditionKind::LinksAny:
      why_link(condition, bindings);
      return;
    default:
      why_test(condition, condition.op, bindings);
  }
}

void WitnessCollector::whynot(const Condition& condition, const Bindings& bindings) {
  if (run_.budget().is_spent()) return;
  if (condition.kind == ConditionKind::Not) {
    why(*condition.children[0], bindings);
    return;
  }
  if (condition.kind == ConditionKind::And || condition.kind == ConditionKind::Or) {
    for (const auto& child : condition.children) {
      if (!holds(*child, bindings, &run_)) whynot(*child, bindings);
    }
    return;
  }
  if (is_comparison(condition.kind) && !is_grouped(condition)) {
    why_test(condition, opposite(condition.op), bindings);
    return;
  }
  // The anchor is cited by the clause around, if its condition mentions it at all.
  cite(bindings.span);
}

void WitnessCollector::why_test(const Condition& test, CompareOp op, const Bindings& bindings) {
  const Variables variables = variables_of_test(test);
  if (variables.span || variables.anchor) {
    cite_variables(variables, bindings);
    return;
  }
  if (!is_grouped(test)) {
    why_side(*test.left, claims_small_left(test, op), bindings);
  } else if (!is_count(*test.left) || !claims_small_left(test, op)) {
    why_grouped(test, bindings);
  }
  if (test.right) why_side(*test.right, claims_small_right(test, op), bindings);
}

void WitnessCollector::why_side(const Value& side, bool is_small, const Bindings& bindings) {
  if (is_small && is_count(side)) return;
  for (const Value* aggregate_value : aggregates_in(side)) why_counted(*aggregate_value, bindings);
}

void WitnessCollector::why_counted(const Value& aggregate_value, const Bindings& bindings) {
  const ClauseMemo& memo = run_.memo_of_aggregate(aggregate_value);
  if (!is_first_time(&aggregate_value, memo, bindings.span)) return;
  cite_counted(aggregate_value, samples_of(aggregate_value, bindings, &run_), bindings);
}

void WitnessCollector::cite_counted(const Value& aggregate_value, std::span<const Sample> samples,
                                    const Bindings& bindings) {
  if (samples.empty()) return;
  const ClauseMemo& memo = run_.memo_of_aggregate(aggregate_value);
  if (is_extreme(aggregate_value)) {
    samples = std::span(&extreme(aggregate_value.aggregate, samples), 1);
  }
  for (const Sample& sample : samples) {
    const Bindings inside = inside_of(bindings, run_.bound(sample.span));
    cite_fitting(&aggregate_value, aggregate_value.condition.get(), memo, inside);
  }
}

void WitnessCollector::why_grouped(const Condition& comparison, const Bindings& bindings) {
  if (!is_first_time(&comparison, run_.memo_of_comparison(comparison), bindings.span)) return;
  for (const Group& group : satisfying_groups(comparison, bindings, &run_)) {
    cite_counted(*comparison.left, group.samples, bindings);
  }
}

void WitnessCollector::why_exists(const Condition& condition, const Bindings& bindings) {
  ClauseMemo& memo = run_.memo_of_exists(condition);
  if (!is_first_time(&condition, memo, bindings.span)) return;
  visit_fitting(&memo, bindings, &run_, [&](const Bindings& inside) {
    cite_fitting(&condition, condition.children[0].get(), memo, inside);
    return true;
  });
}

void WitnessCollector::why_structure(const Condition& condition, const Bindings& bindings) {
  Variables before_dot;
  before_dot.span = condition.span.base == SpanRef::Base::Span;
  before_dot.anchor = condition.span.base == SpanRef::Base::Anchor;
  cite_variables(before_dot, bindings);
  const BoundSpan s = resolve(condition.span, bindings, run_);
  if (s.is_absent()) return;
  const ClauseMemo& memo = run_.memo_of_structure(condition);
  if (!is_first_time(&condition, memo, s)) return;
  visit_fitting_related(condition, s, bindings, &run_, [&](const Bindings& inside) {
    cite_fitting(&condition, condition.children[0].get(), memo, inside);
    return true;
  });
}

void WitnessCollector::why_event(const Condition& condition, const Bindings& bindings) {
  cite_variables(variables_of(condition), bindings);
  const BoundSpan span = resolve(condition.span, bindings, run_);
  if (span.is_absent()) return;
  Bindings inside = bindings;
  for (const model::EventView& event : span.view->events) {
    inside.event = &event;
    if (holds(*condition.children[0], inside, &run_)) why(*condition.children[0], inside);
  }
}

void WitnessCollector::why_link(const Condition& condition, const Bindings& bindings) {
  cite_variables(variables_of(condition), bindings);
  const BoundSpan span = resolve(condition.span, bindings, run_);
  if (span.is_absent()) return;
  Bindings inside = bindings;
  for (const model::LinkView& link : span.view->links) {
    inside.link = &link;
    if (holds(*condition.children[0], inside, &run_)) why(*condition.children[0], inside);
  }
}

}  // namespace betrace::rules
