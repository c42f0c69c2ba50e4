// How blind detection was of late: evaluations not made / due over the last 300 s, per rule and in
// all.
//
// engine/shard.cc notes the totals as time passes. Thirty steps of ten seconds are kept.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "betrace/base/time.h"
#include "betrace/engine/rule_ledger.h"

namespace betrace::engine {

/// Shard-owned.
class BlindWindow {
 public:
  static constexpr std::chrono::seconds kStep{10};
  static constexpr std::size_t kSteps = 30;

  /// True if a step has passed, so that advance() has something to note.
  [[nodiscard]] bool is_due(MonotonicTime now) const noexcept {
    return !next_.has_value() || now >= *next_;
  }

  /// Notes the totals for each step that has passed. Cost: nothing within a step.
  void advance(MonotonicTime now, const RuleLedger::Statistics& totals);

  /// What of `total` came since the beginning of the window.
  [[nodiscard]] Blindness since(std::string_view rule_id, const RuleStatistics& total) const;

 private:
  using Ring = std::array<Blindness, kSteps>;

  void note(const RuleLedger::Statistics& totals);

  std::map<std::string, Ring, std::less<>> rules_;  // a new rule begins with zeros
  std::size_t oldest_ = 0;                          // the slot that is written next
  std::optional<MonotonicTime> next_;
};

}  // namespace betrace::engine
