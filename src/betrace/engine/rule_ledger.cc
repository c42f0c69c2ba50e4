#include "betrace/engine/rule_ledger.h"

#include <set>
#include <string_view>
#include <utility>

namespace betrace::engine {

std::shared_ptr<const Bench> RuleLedger::seat(std::shared_ptr<const RuleSet> rules) {
  Bench bench;
  for (const ActiveRulePtr& rule : rules->rules()) {
    RuleStatistics& statistics = statistics_[rule->rule.id];
    std::uint64_t& revision = revisions_[rule->rule.id];
    if (revision != rule->rule.revision) {
      revision = rule->rule.revision;
      statistics.errors_in_a_row = 0;
      statistics.is_quarantined = false;
    }
    bench.statistics.push_back(&statistics);
  }
  bench.rules = std::move(rules);
  auto shared = std::make_shared<const Bench>(std::move(bench));
  benches_.push_back(shared);
  forget_unused();
  return shared;
}

void RuleLedger::forget_unused() {
  std::set<std::string_view> used;
  std::vector<std::weak_ptr<const Bench>> alive;
  std::vector<std::shared_ptr<const Bench>> held;  // keeps the names in `used` valid
  for (const auto& weak : benches_) {
    auto bench = weak.lock();
    if (bench == nullptr) continue;
    for (const ActiveRulePtr& rule : bench->rules->rules()) used.insert(rule->rule.id);
    alive.push_back(weak);
    held.push_back(std::move(bench));
  }
  benches_ = std::move(alive);
  std::erase_if(statistics_, [&used](const auto& entry) { return !used.contains(entry.first); });
  std::erase_if(revisions_, [&used](const auto& entry) { return !used.contains(entry.first); });
}

bool RuleLedger::count_error(const Bench& bench, std::uint32_t rule) {
  RuleStatistics& statistics = *bench.statistics[rule];
  ++statistics.error;
  // An older version, still judging older traces, says nothing about the newest one.
  const model::Rule& version = bench.rules->rule(rule).rule;
  if (statistics.is_quarantined || version.revision != revisions_[version.id]) return false;
  if (++statistics.errors_in_a_row < kErrorsInARowMax) return false;
  statistics.is_quarantined = true;
  return true;
}

void RuleLedger::count_evaluated(const Bench& bench, std::uint32_t rule, bool is_violated) {
  RuleStatistics& statistics = *bench.statistics[rule];
  statistics.errors_in_a_row = 0;
  ++(is_violated ? statistics.violation : statistics.pass);
}

}  // namespace betrace::engine
