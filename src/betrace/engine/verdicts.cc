#include "betrace/engine/verdicts.h"

#include <algorithm>
#include <utility>

namespace betrace::engine {

using model::CloseReason;
using model::Completeness;
using model::RecordType;
using traces::TraceState;
using State = DocketEntry::State;

namespace {

std::string key_id_of(const Docket& docket, const SenderNames* senders) {
  return senders == nullptr ? "" : senders->name_of(docket.sender);
}

NamedAnchor anchor_of(const model::Violation& violation) {
  return {violation.span_id, !violation.anchor_name.empty()};
}

}  // namespace

/// What is the same for all rules that are decided on one trace at one moment.
struct Verdicts::Closing {
  Docket* docket;
  const TraceState& trace;
  const rules::LinkedTrace& proof;
  std::optional<Completeness> grade;  // nothing while the trace is open
  std::optional<CloseReason> reason;
  const Now& now;
  const SenderNames* senders;

  [[nodiscard]] const ActiveRule& rule(std::uint32_t index) const {
    return docket->rules().rule(index);
  }
  [[nodiscard]] Circumstances circumstances(bool early, bool late) const {
    return {now.wall, grade, reason, early, late, key_id_of(*docket, senders)};
  }
};

Verdicts::Verdicts(const ActiveRules& rules, model::ViolationSink& sink,
                   std::unique_ptr<TraceJudge> judge, std::shared_ptr<NoiseLimit> noise,
                   EvaluationSampler sampler, std::shared_ptr<const SenderNames> senders,
                   std::function<void(const std::string&)> quarantined)
    : rules_(rules),
      sink_(sink),
      judge_(std::move(judge)),
      builder_(rules.current()->redaction()),
      noise_(std::move(noise)),
      sampler_(std::move(sampler)),
      senders_(std::move(senders)),
      quarantined_(std::move(quarantined)) {
  hear(rules_.current());
}

void Verdicts::refresh() {
  if (rules_.epoch() != ledger_.heard_epoch()) hear(rules_.current());
}

void Verdicts::hear(const std::shared_ptr<const RuleSet>& current) {
  ledger_.hear(current);
  builder_ = ViolationBuilder(current->redaction());
}

Docket Verdicts::open_docket(const std::shared_ptr<const RuleSet>& rules) {
  return {ledger_.seat(rules), {}, Docket::Pending::Nothing};
}

bool Verdicts::may_record(const Docket& docket, std::uint32_t rule, const Now& now) {
  RuleStatistics& statistics = *docket.bench->statistics[rule];
  ++statistics.decided;
  statistics.last_violation = now.wall;
  const bool is_allowed = noise_->allow(docket.rules().rule(rule).rule.id, now);
  ++(is_allowed ? statistics.recorded : statistics.suppressed);
  return is_allowed;
}

// A violation by a span that was not kept, for the rule was silent.
void Verdicts::hold_back(const Docket& docket, std::uint32_t rule, const Now& now) {
  RuleStatistics& statistics = *docket.bench->statistics[rule];
  ++statistics.decided;
  ++statistics.suppressed;
  statistics.last_violation = now.wall;
  if (docket.bench->tally->held_back[rule]++ == 0) held_back_.emplace_back(&*docket.bench, rule);
}

void Verdicts::report_held_back(const Now& now) {
  for (const auto& [bench, rule] : held_back_) {
    const std::uint64_t count = std::exchange(bench->tally->held_back[rule], 0);
    noise_->hold_back(bench->rules->rule(rule).rule.id, count, now);
  }
  held_back_.clear();
}

void Verdicts::on_span(Docket* docket, const TraceState& trace,
                       std::span<const rules::PredicateId> met, bool is_late, const Now& now) {
  ledger_.count_span(*docket->bench);
  violated_.clear();
  judge_->judge_span(docket->rules(), trace.last_span(), met, &violated_);
  for (const std::uint32_t index : violated_) {
    if (!docket->bench->is_heard(index)) continue;
    ledger_.count_violated(*docket->bench, index);
    if (trace.last_span() == nullptr) {
      hold_back(*docket, index, now);
      continue;
    }
    if (!may_record(*docket, index, now)) continue;
    const ActiveRule& rule = docket->rules().rule(index);
    const SpanJudgement proof = judge_->explain_span(rule, *trace.last_span());
    const Circumstances circumstances{now.wall, std::nullopt, std::nullopt,
                                      true,     is_late,      key_id_of(*docket, senders_.get())};
    sink_.record({RecordType::Violation,
                  builder_.confirmed(rule, trace, proof.trace, proof.judgement, circumstances)});
  }
}

// Judges by the rules of which_.
TraceJudgement Verdicts::judge_trace(const Docket& docket, const TraceState& trace) {
  if (sampler_.is_trace_due()) {
    // Once more, rule by rule: only so is each one's own price known.
    for (const std::uint32_t& index : which_) {
      const MonotonicTime start = sampler_.now();
      (void)judge_->judge_trace(docket.rules(), trace, std::span(&index, 1));
      const auto time = sampler_.now() - start;
      sampler_.report({docket.rules().rule(index).rule.id, time, kTracesPerSample});
    }
  }
  return judge_->judge_trace(docket.rules(), trace, which_);
}

void Verdicts::on_growth(Docket* docket, const TraceState& trace, const Now& now) {
  // Of a remainder only the closing speaks: its violations must carry the grade `reopened`.
  if (trace.is_reopened()) return;
  find_due_early(*docket, trace);
  if (which_.empty()) return;
  const TraceJudgement answer = judge_trace(*docket, trace);
  const Closing closing{docket,       trace, answer.proof->linked, std::nullopt,
                        std::nullopt, now,   senders_.get()};
  for (std::size_t i = 0; i < which_.size(); ++i) {
    const Judgement& judgement = answer.judgements[i];
    if (!judgement.is_evaluated) {
      docket->put({.rule = which_[i], .state = State::GivenUp});
    } else if (judgement.is_violated) {
      report(closing, which_[i], judgement, true, false);
    }
  }
}

void Verdicts::find_due_early(const Docket& docket, const TraceState& trace) {
  which_.clear();
  if (docket.rules().early_rules().empty()) return;
  judge_->add_possible(docket.rules(), trace, Moment::Open, &which_);
  std::erase_if(which_, [&docket](std::uint32_t index) {
    return docket.has(index) || !docket.bench->is_heard(index) ||
           docket.bench->statistics[index]->is_quarantined;
  });
}

Completeness Verdicts::on_close(Docket* docket, TraceState* trace, CloseReason reason,
                                const Now& now) {
  const Completeness grade = trace->grade(reason);
  ledger_.count_closed(*docket->bench, {grade == Completeness::Complete, trace->is_reopened()});
  find_due_at_close(*docket, *trace, grade);
  if (which_.empty()) return grade;
  const TraceJudgement answer = judge_trace(*docket, *trace);
  const Closing closing{docket, *trace, answer.proof->linked, grade, reason, now, senders_.get()};
  for (std::size_t i = 0; i < which_.size(); ++i) {
    const Judgement& judgement = answer.judgements[i];
    if (!judgement.is_evaluated) {
      count_error(*docket, which_[i], true);
      continue;
    }
    ledger_.note_evaluated(*docket->bench, which_[i]);
    if (judgement.is_violated) ledger_.count_violated(*docket->bench, which_[i]);
    conclude(closing, which_[i], judgement);
  }
  return grade;
}

// The rules that the trace may violate, and those of which something was said that may have to be
// taken back.
void Verdicts::find_worth_judging(const Docket& docket, const TraceState& trace) {
  which_.clear();
  judge_->add_possible(docket.rules(), trace, Moment::Closed, &which_);
  if (!docket.entries.empty()) {
    for (const DocketEntry& entry : docket.entries) which_.push_back(entry.rule);
    std::sort(which_.begin(), which_.end());
    which_.erase(std::unique(which_.begin(), which_.end()), which_.end());
  }
  std::erase_if(which_, [&](std::uint32_t index) {
    const bool is_decidable = !trace.is_reopened() || docket.rules().rule(index).checked.monotone;
    return !is_decidable || !docket.bench->is_heard(index) ||
           docket.bench->statistics[index]->is_quarantined;
  });
}

void Verdicts::find_due_at_close(const Docket& docket, const TraceState& trace,
                                 Completeness grade) {
  find_worth_judging(docket, trace);
  if (grade == Completeness::Complete) return;
  std::erase_if(which_, [&docket](std::uint32_t index) {
    return docket.rules().rule(index).rule.require_complete;
  });
}

void Verdicts::count_error(const Docket& docket, std::uint32_t rule, bool is_due) {
  const bool is_quarantined = ledger_.count_error(*docket.bench, rule, is_due);
  if (is_quarantined && quarantined_) quarantined_(docket.rules().rule(rule).rule.id);
}

void Verdicts::conclude(const Closing& closing, std::uint32_t rule, const Judgement& judgement) {
  DocketEntry* entry = closing.docket->find(rule);
  const bool is_new = entry == nullptr || entry->state == State::GivenUp;
  if (is_new) {
    if (judgement.is_violated) report(closing, rule, judgement, false, false);
  } else if (entry->state == State::Recorded && judgement.is_violated) {
    follow_up(closing, entry, judgement, RecordType::Final);
  } else if (entry->state == State::Recorded) {
    withdraw(closing, entry);
  }
}

void Verdicts::on_late(Docket* docket, TraceState* trace, CloseReason reason, const Now& now) {
  find_worth_judging(*docket, *trace);
  if (which_.empty()) return;
  const TraceJudgement answer = judge_trace(*docket, *trace);
  const Closing closing{docket, *trace, answer.proof->linked, trace->grade(reason),
                        reason, now,    senders_.get()};
  for (std::size_t i = 0; i < which_.size(); ++i) {
    if (answer.judgements[i].is_evaluated) {
      decide_late(closing, which_[i], answer.judgements[i]);
    } else {
      count_error(*docket, which_[i], false);
    }
  }
}

void Verdicts::decide_late(const Closing& closing, std::uint32_t rule, const Judgement& judgement) {
  // The grade of all spans counts, as if the late ones had come in time: a violation must not
  // depend on their order.
  const bool is_skipped =
      closing.rule(rule).rule.require_complete && closing.grade != Completeness::Complete;
  const bool is_violated = judgement.is_violated && !is_skipped;
  DocketEntry* entry = closing.docket->find(rule);
  if (entry == nullptr || entry->state == State::GivenUp) {
    if (is_violated) report(closing, rule, judgement, false, true);
    return;
  }
  // What was suppressed stays unsaid; of a remainder no record is replaced.
  if (entry->state == State::Suppressed || closing.trace.is_reopened()) return;
  if (is_violated) {
    follow_up(closing, entry, judgement, RecordType::Revision);
  } else if (entry->state == State::Recorded) {
    withdraw(closing, entry);
  }
}

void Verdicts::report(const Closing& closing, std::uint32_t rule, const Judgement& judgement,
                      bool early, bool late) {
  DocketEntry entry{.rule = rule, .early = early, .late = late};
  if (!may_record(*closing.docket, rule, closing.now)) {
    entry.state = State::Suppressed;
    closing.docket->put(entry);
    return;
  }
  model::Violation violation = builder_.confirmed(closing.rule(rule), closing.trace, closing.proof,
                                                  judgement, closing.circumstances(early, late));
  entry.anchor = anchor_of(violation);
  entry.digest = content_digest(violation);
  closing.docket->put(entry);
  sink_.record({RecordType::Violation, std::move(violation)});
}

void Verdicts::follow_up(const Closing& closing, DocketEntry* entry, const Judgement& judgement,
                         RecordType type) {
  model::Violation violation =
      builder_.confirmed(closing.rule(entry->rule), closing.trace, closing.proof, judgement,
                         closing.circumstances(entry->early, entry->late));
  const std::uint64_t digest = content_digest(violation);
  const bool says_something =
      type == RecordType::Final || entry->state == State::Withdrawn || digest != entry->digest;
  if (!says_something) return;
  entry->state = State::Recorded;
  entry->anchor = anchor_of(violation);
  entry->digest = digest;
  sink_.record({type, std::move(violation)});
}

void Verdicts::withdraw(const Closing& closing, DocketEntry* entry) {
  const ActiveRule& rule = closing.rule(entry->rule);
  const std::uint32_t anchor = closing.proof.find(entry->anchor.span_id).value_or(0);
  const auto clauses = judge_->explain_trace(rule, closing.proof, anchor);
  ++closing.docket->bench->statistics[entry->rule]->withdrawn;
  entry->state = State::Withdrawn;
  sink_.record({RecordType::Revision,
                builder_.withdrawn(rule, closing.trace, closing.proof, clauses, entry->anchor,
                                   closing.circumstances(entry->early, entry->late))});
}

}  // namespace betrace::engine
