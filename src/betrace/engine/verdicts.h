// Decides what is reported and when: on arrival, early, at closing, and after late spans.
//
// engine/shard.cc tells what happened to a trace; this asks the judge and writes to the sink. It
// knows nothing of memory, deadlines or queues. Source: docs/internals/traces.md.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "betrace/base/time.h"
#include "betrace/engine/active_rules.h"
#include "betrace/engine/docket.h"
#include "betrace/engine/evaluation_sampler.h"
#include "betrace/engine/noise_limit.h"
#include "betrace/engine/rule_ledger.h"
#include "betrace/engine/sender_names.h"
#include "betrace/engine/trace_judge.h"
#include "betrace/engine/violation_builder.h"
#include "betrace/model/violation_sink.h"
#include "betrace/traces/trace_state.h"

namespace betrace::engine {

/// Shard-owned.
class Verdicts {
 public:
  /// `rules` and `sink` must outlive it. `quarantined` may be empty.
  Verdicts(const ActiveRules& rules, model::ViolationSink& sink, std::unique_ptr<TraceJudge> judge,
           std::shared_ptr<NoiseLimit> noise, EvaluationSampler sampler,
           std::shared_ptr<const SenderNames> senders,
           std::function<void(const std::string&)> quarantined);

  /// Looks whether the RuleSet has changed; once before each group of the calls below.
  void refresh();

  /// The docket of a trace that `rules` judge.
  [[nodiscard]] Docket open_docket(const std::shared_ptr<const RuleSet>& rules);

  /// Decides the rules of span scope on the span that was added last, and met `met`. `is_late`: to
  /// a closed trace.
  void on_span(Docket* docket, const traces::TraceState& trace,
               std::span<const rules::PredicateId> met, bool is_late, const Now& now);

  /// Counts a span that was dropped and so never judged by the rules of span scope.
  void on_dropped(const Docket& docket) { ledger_.count_dropped(*docket.bench); }

  /// Decides the early rules on an open trace that has grown.
  void on_growth(Docket* docket, const traces::TraceState& trace, const Now& now);

  /// Decides all rules of trace and mixed scope on a trace that closes.
  model::Completeness on_close(Docket* docket, traces::TraceState* trace, model::CloseReason reason,
                               const Now& now);

  /// Decides them again on a closed trace to which late spans were added.
  void on_late(Docket* docket, traces::TraceState* trace, model::CloseReason reason,
               const Now& now);

  /// Reports what was held back since the last call because spans were not kept.
  void report_held_back(const Now& now);

  /// Ends minutes of the noise bound, and silences.
  void advance(const Now& now) { noise_->advance(now); }
  void flush() { noise_->flush(); }

  [[nodiscard]] const RuleLedger::Statistics& statistics() { return ledger_.statistics(); }
  [[nodiscard]] const RuleStatistics& forgotten() const noexcept { return ledger_.forgotten(); }

 private:
  struct Closing;

  void hear(const std::shared_ptr<const RuleSet>& current);
  // Each fills which_, ascending.
  void find_due_early(const Docket& docket, const traces::TraceState& trace);
  void find_due_at_close(const Docket& docket, const traces::TraceState& trace,
                         model::Completeness grade);
  void find_worth_judging(const Docket& docket, const traces::TraceState& trace);
  [[nodiscard]] TraceJudgement judge_trace(const Docket& docket, const traces::TraceState& trace);
  void count_error(const Docket& docket, std::uint32_t rule, bool is_due);
  void decide_late(const Closing& closing, std::uint32_t rule, const Judgement& judgement);
  void conclude(const Closing& closing, std::uint32_t rule, const Judgement& judgement);
  /// The first record of a violation of trace or mixed scope, unless noise holds it back.
  void report(const Closing& closing, std::uint32_t rule, const Judgement& judgement, bool early,
              bool late);
  void follow_up(const Closing& closing, DocketEntry* entry, const Judgement& judgement,
                 model::RecordType type);
  void withdraw(const Closing& closing, DocketEntry* entry);
  void hold_back(const Docket& docket, std::uint32_t rule, const Now& now);
  [[nodiscard]] bool may_record(const Docket& docket, std::uint32_t rule, const Now& now);

  const ActiveRules& rules_;
  model::ViolationSink& sink_;
  std::unique_ptr<TraceJudge> judge_;
  ViolationBuilder builder_;  // by the redaction that is in force
  std::shared_ptr<NoiseLimit> noise_;
  EvaluationSampler sampler_;
  std::shared_ptr<const SenderNames> senders_;  // null: nobody knows them
  std::function<void(const std::string&)> quarantined_;
  RuleLedger ledger_;
  std::vector<std::pair<const Bench*, std::uint32_t>> held_back_;  // rules with a number there
  std::vector<std::uint32_t> violated_;  // scratch: the rules that the span at hand violates
  std::vector<std::uint32_t> which_;     // scratch: the rules to judge the trace at hand by
};

}  // namespace betrace::engine
