#include "betrace/engine/naive_judge.h"

#include <algorithm>
#include <array>
#include <utility>

#include "betrace/base/check.h"

namespace betrace::engine {
namespace {

using rules::ClauseResult;
using rules::LinkedTrace;
using rules::Scope;

constexpr std::uint32_t kNoRole = 0xFFFFFFFF;

// Gives each witness that has no role yet the first clause that cites it. True when all have one.
bool assign_roles(const std::vector<ClauseResult>& clauses, Judgement* judgement) {
  bool is_done = true;
  for (std::size_t i = 0; i < judgement->roles.size(); ++i) {
    for (std::uint32_t c = 0; c < clauses.size() && judgement->roles[i] == kNoRole; ++c) {
      const auto& spans = clauses[c].spans;
      if (std::binary_search(spans.begin(), spans.end(), judgement->witnesses[i])) {
        judgement->roles[i] = c;
      }
    }
    if (judgement->roles[i] == kNoRole) is_done = false;
  }
  return is_done;
}

}  // namespace

void NaiveJudge::judge_span(const RuleSet& rules, const model::SpanView* span,
                            std::span<const rules::PredicateId> /*met*/,
                            std::vector<std::uint32_t>* violated) {
  BETRACE_CHECK(span != nullptr);
  for (const std::uint32_t index : rules.span_rules()) {
    if (rules::matches_span(rules.rule(index).checked, *span)) violated->push_back(index);
  }
}

void NaiveJudge::add_possible(const RuleSet& rules, const traces::TraceState& /*trace*/,
                              Moment moment, std::vector<std::uint32_t>* possible) {
  const auto decided = moment == Moment::Open ? rules.early_rules() : rules.trace_rules();
  possible->insert(possible->end(), decided.begin(), decided.end());
}

TraceJudgement NaiveJudge::judge_trace(const RuleSet& rules, const traces::TraceState& trace,
                                       std::span<const std::uint32_t> which) {
  TraceJudgement answer;
  answer.proof.emplace(trace);
  answer.judgements.reserve(which.size());
  for (const std::uint32_t index : which) {
    answer.judgements.push_back(judge(rules.rule(index), answer.proof->linked));
  }
  return answer;
}

Judgement NaiveJudge::judge(const ActiveRule& rule, const LinkedTrace& trace) const {
  rules::Evaluation evaluation = rules::evaluate(rule.checked, trace, steps_max_);
  Judgement judgement;
  judgement.is_evaluated = evaluation.evaluated;
  if (!evaluation.evaluated || !evaluation.matched) return judgement;
  judgement.is_violated = true;
  judgement.witnesses = std::move(evaluation.witnesses);
  const bool has_anchor = rule.checked.scope == Scope::Mixed && !evaluation.violating.empty();
  if (has_anchor) judgement.anchor = evaluation.violating.front();
  explain(rule, trace, evaluation.violating, &judgement);
  return judgement;
}

void NaiveJudge::explain(const ActiveRule& rule, const LinkedTrace& trace,
                         std::span<const std::uint32_t> anchors, Judgement* judgement) const {
  judgement->roles.assign(std::min(judgement->witnesses.size(), kWitnessesMax), kNoRole);
  const std::uint32_t first = judgement->anchor.value_or(0);
  judgement->clauses = rules::explain(rule.checked, trace, first, steps_max_);
  bool is_done = assign_roles(judgement->clauses, judgement);
  // In mixed scope the other violating spans have witnesses of their own.
  for (std::size_t i = 0; i < anchors.size() && i < kWitnessesMax && !is_done; ++i) {
    is_done = assign_roles(rules::explain(rule.checked, trace, anchors[i], steps_max_), judgement);
  }
  std::replace(judgement->roles.begin(), judgement->roles.end(), kNoRole, 0U);
}

SpanJudgement NaiveJudge::explain_span(const ActiveRule& rule, const model::SpanView& span) {
  const std::array<const model::SpanView*, 1> spans = {&span};
  SpanJudgement answer{LinkedTrace(spans), {}};
  Judgement& judgement = answer.judgement;
  judgement.is_violated = true;
  judgement.anchor = 0;
  judgement.witnesses = {0};
  judgement.roles = {0};
  judgement.clauses = rules::explain(rule.checked, answer.trace, 0, steps_max_);
  return answer;
}

std::vector<ClauseResult> NaiveJudge::explain_trace(const ActiveRule& rule,
                                                    const LinkedTrace& trace,
                                                    std::uint32_t anchor) {
  return rules::explain(rule.checked, trace, anchor, steps_max_);
}

}  // namespace betrace::engine
