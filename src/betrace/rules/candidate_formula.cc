#include "betrace/rules/candidate_formula.h"

#include <utility>

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

class CandidateCompiler {
 public:
  explicit CandidateCompiler(const NameTest& name_test) : name_test_(name_test) {}

  // The formula of `condition`, or of its contrary.
  Formula formula_of(const Condition& condition, bool negated) {
    switch (condition.kind) {
      case Condition::Kind::True:
      case Condition::Kind::False:
        return constant_formula((condition.kind == Condition::Kind::True) != negated);
      case Condition::Kind::Not:
        return formula_of(*condition.children[0], !negated);
      case Condition::Kind::And:
        return negated ? any_of(parts_of(condition, true)) : all_of(parts_of(condition, false));
      case Condition::Kind::Or:
        return negated ? all_of(parts_of(condition, true)) : any_of(parts_of(condition, false));
      default:
        break;
    }
    if (rules::reads_one_span(condition)) return name_test_(condition, negated);
    is_exact_ = false;
    return constant_formula(true);
  }

  [[nodiscard]] bool is_exact() const noexcept { return is_exact_; }

 private:
  std::vector<Formula> parts_of(const Condition& condition, bool negated) {
    std::vector<Formula> parts;
    parts.reserve(condition.children.size());
    for (const auto& child : condition.children) parts.push_back(formula_of(*child, negated));
    return parts;
  }

  const NameTest& name_test_;
  bool is_exact_ = true;
};

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
  CandidateCompiler compiler(name_test);
  CandidateFormula result;
  result.formula = compiler.formula_of(condition, false);
  result.is_exact = compiler.is_exact();
  return result;
}

}  // namespace betrace::rules
