// Counts what became of the rules: per rule, over all epochs in which it is in use.
//
// engine/verdicts.cc writes it, ShardStatistics shows it. Also remembers which rules are
// quarantined.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "betrace/engine/rule_set.h"
#include "betrace/engine/statistics.h"

namespace betrace::engine {

/// A rule is no longer evaluated after this many spent step budgets in a row.
inline constexpr std::uint32_t kErrorsInARowMax = 100;

/// The rules of one epoch, each with the place where it is counted. Traces share it. Immutable; the
/// counters belong to the ledger.
struct Bench {
  std::shared_ptr<const RuleSet> rules;
  std::vector<RuleStatistics*> statistics;  ///< Beside rules->rules().
};

/// Shard-owned.
class RuleLedger {
 public:
  using Statistics = std::map<std::string, RuleStatistics, std::less<>>;

  /// Returns the bench of a RuleSet that has become current. A rule that is new in it gets zeros, a
  /// new revision ends a quarantine, and rules that no bench in use names are forgotten.
  [[nodiscard]] std::shared_ptr<const Bench> seat(std::shared_ptr<const RuleSet> rules);

  /// Counts an evaluation whose step budget was spent. True if the rule is quarantined by it.
  bool count_error(const Bench& bench, std::uint32_t rule);

  /// Counts an evaluation that came to an end.
  void count_evaluated(const Bench& bench, std::uint32_t rule, bool is_violated);

  [[nodiscard]] const Statistics& statistics() const noexcept { return statistics_; }

 private:
  void forget_unused();

  Statistics statistics_;
  std::map<std::string, std::uint64_t, std::less<>> revisions_;  // newest seated one
  std::vector<std::weak_ptr<const Bench>> benches_;
};

}  // namespace betrace::engine
