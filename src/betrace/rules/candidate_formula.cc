#include "betrace/rules/candidate_formula.h"

#include "betrace/rules/field_table.h"
#include "betrace/rules/span_use.h"
#include "betrace/rules/tree_walk.h"
#include "betrace/rules/variables.h"

namespace betrace::rules {
namespace {

bool is_span_itself(const SpanRef& span) noexcept {
  return span.base == SpanRef::Base::Span && span.steps.empty();
}

bool reads_one_span(const Value& value) {
  switch (value.kind) {
    case Value::Kind::Aggregate:
    case Value::Kind::TraceField:
      return false;
    case Value::Kind::SpanField:
      return is_span_itself(value.span) && !row_of(value.span_field).unstable;
    default:
      return !reads_span(value) || is_span_itself(value.span);
  }
}

bool is_of_one_span(const Condition& condition) {
  if (condition.kind == Condition::Kind::Exists || condition.kind == Condition::Kind::Structure) {
    return false;
  }
  return !names_span(condition) || is_span_itself(condition.span);
}

}  // namespace

bool reads_one_span(const Condition& condition) {
  const Variables variables = variables_of(condition);
  if (variables.anchor || variables.event || variables.link) return false;
  bool is_one = true;
  TreeVisitor visitor;
  visitor.on_condition = [&is_one](const Condition& part, int) {
    is_one = is_one && is_of_one_span(part);
  };
  visitor.on_value = [&is_one](const Value& part, int) { is_one = is_one && reads_one_span(part); };
  walk(condition, visitor);
  return is_one;
}

CandidateFormula candidate_formula(const Condition& condition, const NameTest& name_test) {
  CandidateFormula result;
  result.formula = formula_of(condition, false, [&](const Condition& leaf, bool negated) {
    if (reads_one_span(leaf)) return name_test(leaf, negated);
    result.is_exact = false;
    return constant_formula(true);
  });
  return result;
}

}  // namespace betrace::rules
