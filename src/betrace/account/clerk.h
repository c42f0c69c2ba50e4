// Keeps the account of what was seen and what was not, in the violation log.
//
// Each minute, and once more before the end: what was lost as `gap` records, one per cause;
// refused requests; then one `coverage` record, which adds up with those before it to the metrics.
// Every `evidence.interval` one `compliance` record for each control. A `ruleset` record whenever
// the active rules change. Owned by app/, which passes time in. Source:
// docs/internals/violation_log.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "betrace/account/control_periods.h"
#include "betrace/account/gap_count.h"
#include "betrace/account/refusals.h"
#include "betrace/base/time.h"
#include "betrace/engine/rule_set.h"
#include "betrace/engine/statistics.h"
#include "betrace/evidence/coverage.h"
#include "betrace/model/violation.h"
#include "betrace/storage/violation_log.h"
#include "betrace/telemetry/metrics.h"

namespace betrace::account {

/// What the clerk reads and writes; all of it outlives it.
struct ClerkServices {
  storage::ViolationLog& log;
  telemetry::Metrics& metrics;
  std::function<engine::ShardStatistics()> statistics;  ///< Empty results before there is traffic.
};

struct ClerkOptions {
  std::chrono::nanoseconds coverage_interval = std::chrono::minutes(1);
  std::chrono::nanoseconds evidence_interval = std::chrono::hours(1);  ///< `evidence.interval`
};

/// Thread-safe, but advance() and finish() belong to one thread at a time.
class Clerk {
 public:
  Clerk(const ClerkOptions& options, ClerkServices services, const Now& started);

  /// The active rules have changed, or may have.
  void rules_changed(const engine::RuleSet& rules, UnixNanos now);
  /// The first record of a violation was committed.
  void violation_recorded(const model::Violation& violation);
  [[nodiscard]] Refusals& refusals() noexcept { return refusals_; }

  /// Writes what is due; true if that was the record of a minute.
  bool advance(const Now& now);
  /// Writes the rest. `undecided`: traces that were left open.
  void finish(const Now& now, std::uint64_t undecided);

  /// What was seen in the last `window`, to the minute; less if the process is younger.
  [[nodiscard]] evidence::Coverage seen_since(const Now& now, std::chrono::nanoseconds window);
  /// What the newest coverage record tells; nothing before the first one.
  [[nodiscard]] std::optional<evidence::Coverage> last_coverage();
  /// `gap` records of any kind in the last `window`, as far as the process is not younger.
  [[nodiscard]] GapCount gaps_since(const Now& now, std::chrono::nanoseconds window);

 private:
  struct Minute {
    MonotonicTime end;
    evidence::Coverage coverage;
    std::uint64_t gaps = 0;  // records
  };

  [[nodiscard]] evidence::Coverage totals(const engine::ShardStatistics& engine, UnixNanos now);
  [[nodiscard]] RuleMinutes take_rule_minutes(const engine::ShardStatistics& engine);
  void write_minute(const Now& now);
  void tell_gaps(const evidence::Coverage& minute, const RuleMinutes& rules);
  void tell_gap(const std::string& cause, const std::string& rule_id, std::uint64_t count,
                const evidence::Coverage& minute);
  void write_refusals(UnixNanos now);
  void write_period(const Now& now);
  void remember(const Now& now, const evidence::Coverage& minute);
  [[nodiscard]] std::uint64_t gap_records() const;

  const ClerkOptions options_;
  const ClerkServices services_;
  const UnixNanos started_;
  Refusals refusals_;

  // Of the thread.
  MonotonicTime next_minute_;
  MonotonicTime next_period_;
  std::map<std::string, RuleMinute, std::less<>> rule_totals_;  // at the last minute

  std::mutex minutes_mutex_;  // guards what follows; taken before the other
  UnixNanos minute_began_;
  evidence::Coverage told_;  // totals at the last minute
  std::uint64_t gaps_told_ = 0;
  std::deque<Minute> minutes_;

  std::mutex mutex_;  // guards what follows; never held for long
  ControlPeriods periods_;
  std::string ruleset_;
  std::uint64_t rules_active_ = 0;
  // Hashes of the active rules, by id: only what changed is hashed anew.
  std::map<std::string, std::pair<engine::ActiveRulePtr, std::string>, std::less<>> hashes_;
};

}  // namespace betrace::account
