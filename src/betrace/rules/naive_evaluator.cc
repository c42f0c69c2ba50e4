#include "betrace/rules/naive_evaluator.h"

#include <algorithm>

#include "betrace/base/check.h"
#include "betrace/rules/bindings.h"
#include "betrace/rules/condition_truth.h"
#include "betrace/rules/rule_run.h"
#include "betrace/rules/witnesses.h"

namespace betrace::rules {
namespace {

constexpr std::size_t kCitedPerClauseMax = 32;

Bindings at_rule_level(BoundSpan span) {
  Bindings bindings;
  bindings.span = span;
  return bindings;
}

// The spans for which the whole rule is true, one test each.
std::vector<std::uint32_t> violating_spans(const CheckedRule& rule, RuleRun* run) {
  std::vector<std::uint32_t> spans;
  for (std::uint32_t i = 0; i < run->span_count(); ++i) {
    if (run->bound(i).view->is_counted_only) continue;
    if (!run->budget().test()) break;
    if (holds(*rule.condition, at_rule_level(run->bound(i)), run)) spans.push_back(i);
  }
  return spans;
}

Evaluation not_evaluated(const RuleRun& run) {
  Evaluation evaluation;
  evaluation.evaluated = false;
  evaluation.steps = run.budget().tests();
  return evaluation;
}

// Trace scope: the rule once. Mixed scope: the union over the spans for which the rule is true.
std::vector<std::uint32_t> find_witnesses(const CheckedRule& rule,
                                          const std::vector<std::uint32_t>& spans, RuleRun* run) {
  WitnessCollector collector(run);
  if (rule.scope == Scope::Trace) collector.why(*rule.condition, Bindings());
  for (const std::uint32_t i : spans) collector.why(*rule.condition, at_rule_level(run->bound(i)));
  return collector.cited();
}

ClauseResult explain_clause(const Condition& clause, const Bindings& bindings, RuleRun* run,
                            std::uint64_t steps_max) {
  ClauseResult result;
  run->renew_budget(steps_max);
  result.value = holds(clause, bindings, run);
  WitnessCollector collector(run);
  if (result.value) {
    collector.why(clause, bindings);
  } else {
    collector.whynot(clause, bindings);
  }
  if (run->budget().is_spent()) {
    result.value = false;
    result.evaluated = false;
    return result;
  }
  result.spans = collector.cited();
  if (result.spans.size() > kCitedPerClauseMax) result.spans.resize(kCitedPerClauseMax);
  return result;
}

}  // namespace

Evaluation evaluate(const CheckedRule& rule, const LinkedTrace& trace, std::uint64_t steps_max) {
  RuleRun run(&trace, steps_max);
  std::vector<std::uint32_t> spans;
  Evaluation evaluation;
  if (rule.scope == Scope::Trace) {
    evaluation.matched = holds(*rule.condition, Bindings(), &run);
  } else {
    spans = violating_spans(rule, &run);
    evaluation.matched = !spans.empty();
  }
  evaluation.steps = run.budget().tests();
  if (run.budget().is_spent()) return not_evaluated(run);
  if (!evaluation.matched) return evaluation;
  evaluation.violating = std::move(spans);
  if (rule.scope == Scope::Span) {
    evaluation.witnesses = evaluation.violating;
    return evaluation;
  }
  run.renew_budget(steps_max);
  evaluation.witnesses = find_witnesses(rule, evaluation.violating, &run);
  if (run.budget().is_spent()) return not_evaluated(run);
  return evaluation;
}

bool matches_span(const CheckedRule& rule, const model::SpanView& span) {
  BETRACE_CHECK(rule.scope == Scope::Span);
  RuleRun run(nullptr, kStepsMax);
  return holds(*rule.condition, at_rule_level({&span, 0}), &run);
}

std::vector<ClauseResult> explain(const CheckedRule& rule, const LinkedTrace& trace,
                                  std::uint32_t anchor, std::uint64_t steps_max) {
  RuleRun run(&trace, steps_max);
  Bindings bindings;
  if (rule.scope != Scope::Trace) bindings = at_rule_level(run.bound(anchor));
  std::vector<ClauseResult> results;
  results.reserve(rule.clauses.size());
  for (const RuleClause& clause : rule.clauses) {
    results.push_back(explain_clause(*clause.condition, bindings, &run, steps_max));
  }
  return results;
}

}  // namespace betrace::rules
