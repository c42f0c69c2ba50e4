// The judge that runs: the predicates that spans met say which rules a trace may violate at all;
// only those are evaluated, on the spans that matter to some rule.
//
// Compared with naive_judge.h by the differential test.
#pragma once

#include "betrace/engine/naive_judge.h"
#include "betrace/engine/trace_judge.h"

namespace betrace::engine {

/// Shard-owned.
class NetworkJudge : public TraceJudge {
 public:
  explicit NetworkJudge(std::uint64_t steps_max = rules::kStepsMax) : evaluator_(steps_max) {}

  void judge_span(const RuleSet& rules, const model::SpanView* span,
                  std::span<const rules::PredicateId> met,
                  std::vector<std::uint32_t>* violated) override;
  void add_possible(const RuleSet& rules, const traces::TraceState& trace, Moment moment,
                    std::vector<std::uint32_t>* possible) override;
  TraceJudgement judge_trace(const RuleSet& rules, const traces::TraceState& trace,
                             std::span<const std::uint32_t> which) override {
    return evaluator_.judge_trace(rules, trace, which);
  }
  SpanJudgement explain_span(const ActiveRule& rule, const model::SpanView& span) override {
    return evaluator_.explain_span(rule, span);
  }
  std::vector<rules::ClauseResult> explain_trace(const ActiveRule& rule,
                                                 const rules::LinkedTrace& trace,
                                                 std::uint32_t anchor) override {
    return evaluator_.explain_trace(rule, trace, anchor);
  }

 private:
  NaiveJudge evaluator_;
};

}  // namespace betrace::engine
