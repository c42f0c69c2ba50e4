// What an evaluator must answer to be used by a shard: which rules a span or a trace violates.
//
// network_judge.h is what runs; naive_judge.h is the slow, obvious one, which judges it in tests. A
// judge knows nothing of time, of closing or of what was reported before.
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

/// How one rule stands on one trace. Indexes refer to the linked trace beside it.
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

/// The spans of a trace, linked. Views into the TraceState, valid until its next span.
struct TraceProof {
  explicit TraceProof(const traces::TraceState& trace);

  traces::TraceViews views;
  rules::LinkedTrace linked;
};

/// The totals of the spans that a trace has now.
[[nodiscard]] rules::TraceTotals totals_of(const traces::TraceState& trace) noexcept;

/// The answer for several rules on one trace.
struct TraceJudgement {
  std::optional<TraceProof> proof;  ///< Nothing if no rule needed to look at the spans.
  std::vector<Judgement> judgements;
};

/// The answer for one rule on one span: the trace is that span alone.
struct SpanJudgement {
  rules::LinkedTrace trace;
  Judgement judgement;
};

/// Judges spans and traces by the rules of a RuleSet. Shard-owned.
class TraceJudge {
 public:
  virtual ~TraceJudge() = default;

  /// Appends to `violated` the indexes of the span-scope rules that a span violates which met
  /// `met`, ascending. `span` is null if it is counted only.
  virtual void judge_span(const RuleSet& rules, const model::SpanView* span,
                          std::span<const rules::PredicateId> met,
                          std::vector<std::uint32_t>* violated) = 0;

  /// Appends, ascending, the rules decided at `moment` that `trace` may violate; those left out it
  /// does not.
  virtual void add_possible(const RuleSet& rules, const traces::TraceState& trace, Moment moment,
                            std::vector<std::uint32_t>* possible) = 0;

  /// Judges the spans that `trace` holds by each of `which`, rules of trace or mixed scope; one
  /// judgement for each, in that order. Roles and clauses are told for violated rules only.
  [[nodiscard]] virtual TraceJudgement judge_trace(const RuleSet& rules,
                                                   const traces::TraceState& trace,
                                                   std::span<const std::uint32_t> which) = 0;

  /// Tells all about a rule of span scope that `span` violates, as a trace of one span.
  [[nodiscard]] virtual SpanJudgement explain_span(const ActiveRule& rule,
                                                   const model::SpanView& span) = 0;

  /// Tells how each clause of a rule that is not violated (any more) stands on the trace; in mixed
  /// scope on the span `anchor`.
  [[nodiscard]] virtual std::vector<rules::ClauseResult> explain_trace(
      const ActiveRule& rule, const rules::LinkedTrace& trace, std::uint32_t anchor) = 0;
};

}  // namespace betrace::engine
