#include "betrace/rules/rule_program.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "betrace/rules/comparison.h"
#include "betrace/rules/condition_truth.h"
#include "betrace/rules/naive_evaluator.h"
#include "betrace/rules/rule_run.h"
#include "betrace/rules/span_use.h"
#include "betrace/rules/tree_walk.h"
#include "betrace/rules/variables.h"

namespace betrace::rules {
namespace {

// No trace holds more spans, so a greater count is as good as this.
constexpr double kCountMax = 4'000'000'000.0;

bool is_literal(const Value& value) noexcept { return value.kind == Value::Kind::Literal; }

CompareOp mirrored(CompareOp op) noexcept {
  switch (op) {
    case CompareOp::Less:
      return CompareOp::Greater;
    case CompareOp::LessOrEqual:
      return CompareOp::GreaterOrEqual;
    case CompareOp::Greater:
      return CompareOp::Less;
    case CompareOp::GreaterOrEqual:
      return CompareOp::LessOrEqual;
    default:
      return op;
  }
}

/// A comparison of an aggregate with a constant, the aggregate on the left.
struct AggregateTest {
  const Value* aggregate = nullptr;
  CompareOp op = CompareOp::Equal;
  const Literal* constant = nullptr;
};

std::optional<AggregateTest> aggregate_test(const Condition& condition) {
  if (condition.kind != Condition::Kind::Compare) return std::nullopt;
  const Value& left = *condition.left;
  const Value& right = *condition.right;
  if (left.kind == Value::Kind::Aggregate && is_literal(right)) {
    return AggregateTest{&left, condition.op, &right.literal};
  }
  if (right.kind == Value::Kind::Aggregate && is_literal(left)) {
    return AggregateTest{&right, mirrored(condition.op), &left.literal};
  }
  return std::nullopt;
}

bool is_total(const Value& value) noexcept {
  if (value.kind != Value::Kind::TraceField) return false;
  return value.trace_field != TraceField::Services && value.trace_field != TraceField::ServiceCount;
}

// True if the condition reads totals of the trace and constants only.
bool reads_totals(const Condition& condition) {
  bool is_so = true;
  TreeVisitor visitor;
  visitor.on_condition = [&is_so](const Condition& part, int) {
    is_so = is_so && part.kind != Condition::Kind::Exists && !names_span(part);
  };
  visitor.on_value = [&is_so](const Value& part, int) {
    const bool is_source = part.operands.empty() && !is_literal(part);
    is_so = is_so && part.kind != Value::Kind::Aggregate && (!is_source || is_total(part));
  };
  walk(condition, visitor);
  return is_so;
}

// True if a part of the rule reads spans that meet no predicate of their own: a parent or root by
// its field, or the services of all.
bool reads_unmet_spans(const CheckedRule& rule) {
  bool is_so = false;
  const auto look = [&is_so](const SpanRef& span) {
    is_so = is_so || !span.steps.empty() || span.base == SpanRef::Base::TraceRoot;
  };
  TreeVisitor visitor;
  visitor.on_condition = [&](const Condition& part, int) {
    if (names_span(part)) look(part.span);
  };
  visitor.on_value = [&](const Value& part, int) {
    if (reads_span(part)) look(part.span);
    is_so = is_so || (part.kind == Value::Kind::TraceField && !is_total(part));
  };
  walk(*rule.condition, visitor);
  return is_so;
}

const Condition& is_root() {
  static const Condition condition = [] {
    Condition made;
    made.kind = Condition::Kind::Truthy;
    made.left = std::make_unique<Value>();
    made.left->kind = Value::Kind::SpanField;
    made.left->span_field = SpanField::IsRoot;
    return made;
  }();
  return condition;
}

class ProgramCompiler {
 public:
  ProgramCompiler(const CheckedRule& rule, const NamePredicate& name) : rule_(rule), name_(name) {}

  RuleProgram compile() {
    if (rule_.scope == Scope::Span) {
      program_.span_predicate = name_(rule_.condition.get()).id;
      program_.predicates = {*program_.span_predicate};
      return std::move(program_);
    }
    Formula formula = formula_of(
        *rule_.condition, false,
        [this](const Condition& leaf, bool negated) { return leaf_formula(leaf, negated); });
    if (rule_.scope == Scope::Mixed) {
      formula = all_of({met(use(rule_.condition.get()).id), std::move(formula)});
    }
    program_.may_violate = std::move(formula);
    find_triggers();
    use_all();
    return std::move(program_);
  }

 private:
  // What must be so in the trace for a condition, or its contrary, to hold for some span.
  Formula leaf_formula(const Condition& condition, bool negated) {
    if (condition.kind == Condition::Kind::Exists) {
      const NamedPredicate predicate = use(condition.children[0].get());
      if (!negated) return met(predicate.id);
      return predicate.is_exact ? met(predicate.id, 1, true) : constant_formula(true);
    }
    if (condition.kind == Condition::Kind::Structure) {
      const NamedPredicate predicate = use(condition.children[0].get());
      return negated ? constant_formula(true) : met(predicate.id);
    }
    if (const auto test = aggregate_test(condition)) return aggregate_formula(*test, negated);
    if (reads_totals(condition)) return totals(condition, negated);
    return constant_formula(true);
  }

  Formula aggregate_formula(const AggregateTest& test, bool negated) {
    const NamedPredicate predicate = use(test.aggregate->condition.get());
    const bool is_grouped = !test.aggregate->group_by.empty();
    // The contrary of "some group ..." says something of every group.
    if (is_grouped && negated) return constant_formula(true);
    const CompareOp op = negated ? opposite(test.op) : test.op;
    if (test.aggregate->aggregate == AggregateKind::Count) {
      return count_formula(predicate, op, *test.constant, is_grouped);
    }
    // Of no span: nil, or of different values none.
    const RuntimeValue none = test.aggregate->aggregate == AggregateKind::CountDistinct
                                  ? RuntimeValue::integer(0)
                                  : RuntimeValue();
    const bool holds_for_none =
        !is_grouped && compare(test.op, none, RuntimeValue::of(*test.constant)) != negated;
    return holds_for_none ? constant_formula(true) : met(predicate.id);
  }

  // `count(c) op constant`. Fewer spans fit than meet an inexact predicate, and each group has
  // fewer than all: then only what demands many spans says something.
  Formula count_formula(const NamedPredicate& predicate, CompareOp op, const Literal& constant,
                        bool is_grouped) {
    const auto number = RuntimeValue::of(constant).to_number();
    if (!number || number->is_nan()) return constant_formula(true);
    const double bound = number->to_double();
    const bool counts_exactly = predicate.is_exact && !is_grouped;
    switch (op) {
      case CompareOp::Greater:
        return at_least(predicate.id, std::floor(bound) + 1, is_grouped);
      case CompareOp::GreaterOrEqual:
        return at_least(predicate.id, std::ceil(bound), is_grouped);
      case CompareOp::Equal:
        return at_least(predicate.id, std::ceil(bound), is_grouped);
      case CompareOp::Less:
        if (!counts_exactly) break;
        return contrary(at_least(predicate.id, std::ceil(bound), false));
      case CompareOp::LessOrEqual:
        if (!counts_exactly) break;
        return contrary(at_least(predicate.id, std::floor(bound) + 1, false));
      case CompareOp::NotEqual:
        break;
    }
    // A group has a span at least.
    return is_grouped ? met(predicate.id) : constant_formula(true);
  }

  Formula at_least(PredicateId predicate, double count, bool is_grouped) {
    if (count <= 0) return is_grouped ? met(predicate) : constant_formula(true);
    return met(predicate, static_cast<std::uint32_t>(std::min(count, kCountMax)));
  }

  static Formula contrary(Formula formula) {
    if (formula.kind == Formula::Kind::True) return constant_formula(false);
    formula.negated = !formula.negated;
    return formula;
  }

  Formula met(PredicateId predicate, std::uint32_t at_least = 1, bool negated = false) {
    return literal({TraceLiteral::Kind::Met, predicate, at_least, nullptr}, negated);
  }

  Formula totals(const Condition& condition, bool negated) {
    return literal({TraceLiteral::Kind::Totals, 0, 0, &condition}, negated);
  }

  Formula literal(const TraceLiteral& literal, bool negated) {
    auto& literals = program_.literals;
    const auto known = std::find(literals.begin(), literals.end(), literal);
    const auto place = static_cast<std::uint32_t>(known - literals.begin());
    if (known == literals.end()) literals.push_back(literal);
    return literal_formula(place, negated);
  }

  NamedPredicate use(const Condition* condition) {
    const NamedPredicate predicate = name_(condition);
    program_.predicates.push_back(predicate.id);
    return predicate;
  }

  // Every place where spans are tried, however deep.
  void use_all() {
    TreeVisitor visitor;
    visitor.on_condition = [this](const Condition& part, int) {
      const bool tries_spans =
          part.kind == Condition::Kind::Exists || part.kind == Condition::Kind::Structure;
      if (tries_spans) (void)use(part.children[0].get());
    };
    visitor.on_value = [this](const Value& part, int) {
      if (part.kind == Value::Kind::Aggregate) (void)use(part.condition.get());
    };
    walk(*rule_.condition, visitor);
    if (reads_unmet_spans(rule_)) (void)use(nullptr);
    // With nothing to cite, the violation names the root of the trace.
    if (!program_.triggers && rule_.scope == Scope::Trace) (void)use(&is_root());
    auto& predicates = program_.predicates;
    std::sort(predicates.begin(), predicates.end());
    predicates.erase(std::unique(predicates.begin(), predicates.end()), predicates.end());
  }

  void find_triggers() {
    const auto guard = guard_of(program_.may_violate, [this](std::uint32_t place) {
      const TraceLiteral& literal = program_.literals[place];
      return literal.kind == TraceLiteral::Kind::Met ? std::optional(0U) : std::nullopt;
    });
    if (!guard) return;
    program_.triggers.emplace();
    for (const std::uint32_t place : *guard) {
      program_.triggers->push_back(program_.literals[place].predicate);
    }
  }

  const CheckedRule& rule_;
  const NamePredicate& name_;
  RuleProgram program_;
};

}  // namespace

bool totals_hold(const Condition& test, const TraceTotals& totals) {
  RuleRun run(totals, kStepsMax);
  return holds(test, Bindings(), &run);
}

RuleProgram compile_rule(const CheckedRule& rule, const NamePredicate& name) {
  return ProgramCompiler(rule, name).compile();
}

}  // namespace betrace::rules
