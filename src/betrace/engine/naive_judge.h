// The obvious judge: rules::evaluate over all spans of a trace, for every rule.
//
// What it answers is right by construction; the judge that runs is compared with it. It needs
// traces that keep every span (Keep::All).
#pragma once

#include "betrace/engine/trace_judge.h"

namespace betrace::engine {

/// Shard-owned.
class NaiveJudge : public TraceJudge {
 public:
  explicit NaiveJudge(std::uint64_t steps_max = rules::kStepsMax) : steps_max_(steps_max) {}

  void judge_span(const RuleSet& rules, const model::SpanView* span,
                  std::span<const rules::PredicateId> met,
                  std::vector<std::uint32_t>* violated) override;
  void add_possible(const RuleSet& rules, const traces::TraceState& trace, Moment moment,
                    std::vector<std::uint32_t>* possible) override;
  TraceJudgement judge_trace(const RuleSet& rules, const traces::TraceState& trace,
                             std::span<const std::uint32_t> which) override;
  SpanJudgement explain_span(const ActiveRule& rule, const model::SpanView& span) override;
  std::vector<rules::ClauseResult> explain_trace(const ActiveRule& rule,
                                                 const rules::LinkedTrace& trace,
                                                 std::uint32_t anchor) override;

 private:
  [[nodiscard]] Judgement judge(const ActiveRule& rule, const rules::LinkedTrace& trace) const;
  void explain(const ActiveRule& rule, const rules::LinkedTrace& trace,
               std::span<const std::uint32_t> anchors, Judgement* judgement) const;

  std::uint64_t steps_max_;
};

}  // namespace betrace::engine
