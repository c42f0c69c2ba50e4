#include "betrace/engine/rule_ledger.h"

#include <set>
#include <string_view>
#include <utility>

namespace betrace::engine {
namespace {

// Adds the traces that closed to the statistics of one rule.
void add_traces(const Tally& tally, const ActiveRule& rule, std::uint64_t told,
                RuleStatistics* statistics) {
  std::uint64_t evaluated = 0;
  for (const bool is_complete : {false, true}) {
    for (const bool is_reopened : {false, true}) {
      const std::uint64_t traces = tally.traces[is_complete ? 1 : 0][is_reopened ? 1 : 0];
      if (rule.rule.require_complete && !is_complete) {
        statistics->skipped += traces;
      } else if (statistics->is_quarantined || (is_reopened && !rule.checked.monotone)) {
        statistics->not_made += traces;
      } else {
        evaluated += traces;
      }
    }
  }
  statistics->pass += evaluated - told;
}

}  // namespace

Seat RuleLedger::seat(const std::shared_ptr<const RuleSet>& rules) {
  for (const auto& known : benches_) {
    if (known->rules == rules) return Seat(known.get());
  }
  Bench bench;
  for (const ActiveRulePtr& rule : rules->rules()) {
    bench.statistics.push_back(&statistics_[rule->rule.id]);
  }
  bench.tally = std::make_unique<Tally>();
  bench.tally->told.resize(rules->rules().size());
  bench.tally->held_back.resize(rules->rules().size());
  bench.tally->is_heard.resize(rules->rules().size(), true);
  bench.rules = rules;
  if (current_.has_value()) set_heard(bench);
  benches_.insert(benches_.begin(), std::make_unique<const Bench>(std::move(bench)));
  return Seat(benches_.front().get());
}

void RuleLedger::hear(const std::shared_ptr<const RuleSet>& current) {
  settle_all();
  current_ = seat(current);
  for (const auto& bench : benches_) set_heard(*bench);
  for (std::uint32_t i = 0; i < current->rules().size(); ++i) {
    const model::Rule& rule = current->rule(i).rule;
    std::uint64_t& revision = revisions_[rule.id];
    if (std::exchange(revision, rule.revision) == rule.revision) continue;
    (*current_)->statistics[i]->errors_in_a_row = 0;
    (*current_)->statistics[i]->is_quarantined = false;
  }
  forget_unused();
}

void RuleLedger::set_heard(const Bench& bench) const {
  for (std::uint32_t i = 0; i < bench.statistics.size(); ++i) {
    const std::string& id = bench.rules->rule(i).rule.id;
    bench.tally->is_heard[i] = (*current_)->rules->is_heard(id, bench.rules->epoch());
  }
}

void RuleLedger::settle_all() {
  for (const auto& bench : benches_) settle(*bench);
}

void RuleLedger::settle(const Bench& bench) {
  Tally& tally = *bench.tally;
  for (std::uint32_t i = 0; i < bench.statistics.size(); ++i) {
    const std::uint64_t told = std::exchange(tally.told[i], 0);
    if (!tally.is_heard[i]) continue;
    const ActiveRule& rule = bench.rules->rule(i);
    RuleStatistics& statistics = *bench.statistics[i];
    if (rule.checked.scope == rules::Scope::Span) {
      statistics.pass += tally.spans - told;
      statistics.not_made += tally.spans_dropped;
    } else {
      add_traces(tally, rule, told, &statistics);
    }
  }
  tally.spans = 0;
  tally.spans_dropped = 0;
  tally.traces = {};
}

void RuleLedger::forget_unused() {
  // A rule is forgotten with the last bench that names it.
  if (std::erase_if(benches_, [](const auto& bench) { return bench->tally->seats == 0; }) == 0) {
    return;
  }
  std::set<std::string_view> used;
  for (const auto& bench : benches_) {
    for (const ActiveRulePtr& rule : bench->rules->rules()) used.insert(rule->rule.id);
  }
  std::erase_if(statistics_, [this, &used](const auto& entry) {
    if (used.contains(entry.first)) return false;
    forgotten_.add(entry.second);
    return true;
  });
  std::erase_if(revisions_, [&used](const auto& entry) { return !used.contains(entry.first); });
}

void RuleLedger::count_violated(const Bench& bench, std::uint32_t rule) {
  ++bench.statistics[rule]->violation;
  ++bench.tally->told[rule];
}

bool RuleLedger::count_error(const Bench& bench, std::uint32_t rule, bool is_due) {
  RuleStatistics& statistics = *bench.statistics[rule];
  ++statistics.error;
  if (is_due) ++bench.tally->told[rule];
  // An older version, still judging older traces, says nothing about the newest one.
  const model::Rule& version = bench.rules->rule(rule).rule;
  if (statistics.is_quarantined || version.revision != revisions_[version.id]) return false;
  if (++statistics.errors_in_a_row < kErrorsInARowMax) return false;
  settle_all();
  statistics.is_quarantined = true;
  return true;
}

const RuleLedger::Statistics& RuleLedger::statistics() {
  settle_all();
  forget_unused();
  return statistics_;
}

}  // namespace betrace::engine
