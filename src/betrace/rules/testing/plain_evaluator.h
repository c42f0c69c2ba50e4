// Test support: the language reference read word for word, with nothing remembered and nothing
// skipped.
//
// Tries every span for every condition, again each time it is asked. Judges what the evaluator
// remembers, how it walks relations, and what it cites. How single values are read and compared is
// not judged here: it takes that from the same functions.
#pragma once

#include <vector>

#include "betrace/rules/aggregates.h"
#include "betrace/rules/bindings.h"
#include "betrace/rules/checked_rule.h"
#include "betrace/rules/linked_trace.h"
#include "betrace/rules/naive_evaluator.h"
#include "betrace/rules/rule_run.h"

namespace betrace::rules {

class PlainEvaluator {
 public:
  /// `trace` must outlive this.
  explicit PlainEvaluator(const LinkedTrace& trace)
      : trace_(trace), run_(&trace, kStepsMax), is_cited_(trace.size()) {}

  /// `steps` stays 0. Cost: exponential in the nesting of `rule`.
  [[nodiscard]] Evaluation evaluate(const CheckedRule& rule);

 private:
  bool holds(const Condition& condition, const Bindings& bindings);
  bool test_holds(const Condition& test, const Bindings& bindings);
  RuntimeValue value(const Value& value, const Bindings& bindings);
  RuntimeValue calculated(const Value& operation, const Bindings& bindings);

  // All bindings of the parentheses of a clause for which its condition holds.
  std::vector<Bindings> fitting_spans(const Condition* body, const Bindings& outside);
  std::vector<Bindings> fitting_related(const Condition& method, const Bindings& outside);
  std::vector<Bindings> fitting_events(const SpanRef& span, bool events, const Condition* body,
                                       const Bindings& outside);
  std::vector<Sample> samples(const Value& aggregate_value, const std::vector<Bindings>& fitting);
  std::vector<std::vector<Bindings>> satisfying_groups(const Condition& test,
                                                       const Bindings& outside);

  void why(const Condition& condition, const Bindings& bindings);
  void whynot(const Condition& condition, const Bindings& bindings);
  void why_test(const Condition& test, CompareOp op, const Bindings& bindings);
  void why_counted(const Value& value, const Bindings& bindings);
  void cite_counted(const Value& aggregate_value, const std::vector<Bindings>& fitting);
  void cite_fitting(const Condition* body, const Bindings& inside);
  void cite(const BoundSpan& span);

  const LinkedTrace& trace_;
  RuleRun run_;  // to read single values with
  std::vector<bool> is_cited_;
};

}  // namespace betrace::rules
