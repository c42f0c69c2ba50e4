// What an evaluator must answer to be used by a shard: which rules a span or a trace violates.
//
// naive_judge.h is the slow, obvious one; a faster one stands beside it and is compared with it
// through this interface. A judge knows nothing of time, of closing or of what was reported before.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "betrace/engine/rule_set.h"
#include "betrace/model/span_view.h"
#include "betrace/rules/linked_trace.h"
#include "betrace/rules/naive_evaluator.h"
#include "betrace/traces/trace_state.h"

namespace betrace::engine {

/// Witnesses that a violation shows whole.
inline constexpr std::size_t kWitnessesMax = 32;

/// How one rule stands on one trace. Indexes refer to TraceJudgement::trace.
struct Judgement {
  bool is_evaluated = true;  ///< False: the step budget was spent; nothing else means anything.
  bool is_violated = false;
  /// Span scope: the span. Mixed scope: the first span in canonical order for which the whole rule
  /// is true. Trace scope: nothing.
  std::optional<std::uint32_t> anchor;
  std::vector<std::uint32_t> witnesses;      ///< All of them, canonical order.
  std::vector<std::uint32_t> roles;          ///< For the first 32: the clause that each one proves.
  std::vector<rules::ClauseResult> clauses;  ///< One for each of CheckedRule::clauses, at `anchor`.
};

/// The answer for several rules on one trace.
struct TraceJudgement {
  rules::LinkedTrace trace;  ///< Views into the spans of the judged TraceState.
  std::vector<Judgement> judgements;
};

/// Judges spans and traces by the rules of a RuleSet. Shard-owned.
class TraceJudge {
 public:
  virtual ~TraceJudge() = default;

  /// Appends to `violated` the indexes of the span-scope rules that `span` violates, ascending.
  virtual void judge_span(const RuleSet& rules, const model::SpanView& span,
                          std::vector<std::uint32_t>* violated) = 0;

  /// Judges the spans that `trace` holds by each of `which`, rules of trace or mixed scope; one
  /// judgement for each, in that order. Roles and clauses are told for violated rules only.
  [[nodiscard]] virtual TraceJudgement judge_trace(const RuleSet& rules,
                                                   const traces::TraceState& trace,
                                                   std::span<const std::uint32_t> which) = 0;

  /// Tells all about a rule of span scope that `span` violates, as a trace of one span.
  [[nodiscard]] virtual TraceJudgement explain_span(const ActiveRule& rule,
                                                    const model::SpanView& span) = 0;

  /// Tells how each clause of a rule that is not violated (any more) stands on the trace; in mixed
  /// scope on the span `anchor`.
  [[nodiscard]] virtual std::vector<rules::ClauseResult> explain_trace(
      const ActiveRule& rule, const rules::LinkedTrace& trace, std::uint32_t anchor) = 0;
};

}  // namespace betrace::engine
