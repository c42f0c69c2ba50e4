#include "betrace/account/clerk.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "betrace/account/coverage_totals.h"
#include "betrace/base/hex.h"
#include "betrace/base/sha256.h"
#include "betrace/evidence/compliance.h"
#include "betrace/storage/rule_object.h"

namespace betrace::account {
namespace {

using evidence::Coverage;
using storage::LogRecordType;
using telemetry::MetricId;

constexpr std::chrono::hours kRememberedMax{7 * 24};

// Drops that cost no verdict are no gap.
constexpr std::array<std::string_view, 2> kHarmlessDrops = {"duplicate", "own"};

std::uint64_t more(std::uint64_t now, std::uint64_t before) {
  return now < before ? now : now - before;
}

// The next point of a grid that lies behind `now`.
MonotonicTime next_on_grid(MonotonicTime point, std::chrono::nanoseconds step, MonotonicTime now) {
  return point + ((now - point) / step + 1) * step;
}

}  // namespace

Clerk::Clerk(const ClerkOptions& options, ClerkServices services, const Now& started)
    : options_(options),
      services_(std::move(services)),
      started_(started.wall),
      next_minute_(started.monotonic + options.coverage_interval),
      next_period_(started.monotonic + options.evidence_interval),
      minute_began_(started.wall) {}

void Clerk::rules_changed(const engine::RuleSet& rules, UnixNanos now) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::string lines;
  decltype(hashes_) hashes;
  for (const engine::ActiveRulePtr& rule : rules.rules()) {
    const std::string& id = rule->rule.id;
    const auto known = hashes_.find(id);
    const bool is_same = known != hashes_.end() && known->second.first == rule;
    std::string hash = is_same ? known->second.second : storage::rule_sha256(rule->rule);
    lines += fmt::format("{} {}\n", id, hash);
    hashes.emplace(id, std::pair(rule, std::move(hash)));
  }
  hashes_ = std::move(hashes);
  periods_.rules_changed(rules);
  rules_active_ = rules.rules().size();
  std::string ruleset = to_hex(sha256(lines));
  if (ruleset == ruleset_) return;
  ruleset_ = std::move(ruleset);
  services_.log.record_statement(LogRecordType::Ruleset,
                                 {{"ruleset", ruleset_}, {"rules_active", rules_active_}}, now);
}

void Clerk::violation_recorded(const model::Violation& violation) {
  const std::lock_guard<std::mutex> lock(mutex_);
  periods_.violation_recorded(violation.tags);
}

bool Clerk::advance(const Now& now) {
  if (now.monotonic < next_minute_) return false;
  next_minute_ = next_on_grid(next_minute_, options_.coverage_interval, now.monotonic);
  write_minute(now);
  if (now.monotonic < next_period_) return true;
  next_period_ = next_on_grid(next_period_, options_.evidence_interval, now.monotonic);
  write_period(now);
  return true;
}

void Clerk::finish(const Now& now, std::uint64_t undecided) {
  Coverage whole;
  whole.from = whole.to = now.wall;
  tell_gap("undecided", "", undecided, whole);
  write_minute(now);
  write_period(now);
}

// Requires: minutes_mutex_ is held.
Coverage Clerk::totals(const engine::ShardStatistics& engine, UnixNanos now) {
  Coverage totals = coverage_totals(engine, services_.metrics);
  totals.from = minute_began_;
  totals.to = now;
  const std::lock_guard<std::mutex> lock(mutex_);
  totals.ruleset = ruleset_;
  totals.rules_active = rules_active_;
  return totals;
}

RuleMinutes Clerk::take_rule_minutes(const engine::ShardStatistics& engine) {
  RuleMinutes totals;
  RuleMinutes minutes;
  for (const auto& [id, rule] : engine.rules) {
    const RuleMinute now{rule.due(), rule.blindness().not_made, rule.suppressed};
    const auto known = rule_totals_.find(id);
    const RuleMinute before = known == rule_totals_.end() ? RuleMinute() : known->second;
    minutes[id] = {more(now.due, before.due), more(now.not_made, before.not_made),
                   more(now.suppressed, before.suppressed)};
    totals[id] = now;
  }
  rule_totals_ = std::move(totals);
  return minutes;
}

void Clerk::write_minute(const Now& now) {
  Coverage minute;
  RuleMinutes rules;
  {
    const std::lock_guard<std::mutex> lock(minutes_mutex_);
    const engine::ShardStatistics engine = services_.statistics();
    rules = take_rule_minutes(engine);
    Coverage totals_now = totals(engine, now.wall);
    minute = difference(totals_now, told_);
    told_ = std::move(totals_now);
    minute_began_ = now.wall;
    remember(now, minute);
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    periods_.add_minute(rules, minute);
  }
  tell_gaps(minute, rules);
  write_refusals(now.wall);
  services_.log.record_statement(LogRecordType::Coverage, coverage_members(minute), now.wall);
}

void Clerk::tell_gap(const std::string& cause, const std::string& rule_id, std::uint64_t count,
                     const Coverage& minute) {
  if (count == 0) return;
  services_.log.record_gap({cause, rule_id, count, minute.from, minute.to});
}

// Suppressed violations are told by who holds them back, parked records by the exporter.
void Clerk::tell_gaps(const Coverage& minute, const RuleMinutes& rules) {
  tell_gap("shed", "", minute.traces_closed_count("shed"), minute);
  tell_gap("truncated", "", minute.traces_closed_count("truncated"), minute);
  for (const auto& [reason, count] : minute.spans_dropped) {
    const bool is_harmless = reason == kHarmlessDrops[0] || reason == kHarmlessDrops[1];
    if (!is_harmless) tell_gap("dropped_" + reason, "", count, minute);
  }
  for (const auto& [reason, count] : minute.spans_rejected) {
    tell_gap("rejected_" + reason, "", count, minute);
  }
  for (const auto& [limit, count] : minute.requests_refused) {
    tell_gap("refused_" + limit, "", count, minute);
  }
  std::uint64_t told = 0;
  for (const auto& [id, rule] : rules) {
    tell_gap("evaluations_missed", id, rule.not_made, minute);
    told += rule.not_made;
  }
  // Of rules that are gone by now.
  if (minute.evaluations_not_made > told) {
    tell_gap("evaluations_missed", "", minute.evaluations_not_made - told, minute);
  }
}

void Clerk::write_refusals(UnixNanos now) {
  for (const evidence::Refusal& refusal : refusals_.take()) {
    services_.log.record_statement(LogRecordType::Refused, refusal_members(refusal), now);
  }
}

void Clerk::write_period(const Now& now) {
  std::vector<evidence::Compliance> statements;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    statements = periods_.take();
  }
  for (const evidence::Compliance& each : statements) {
    const bool is_queued = services_.log.record_statement(LogRecordType::Compliance,
                                                          compliance_members(each), now.wall);
    if (!is_queued) services_.metrics.add(MetricId::ComplianceSpanEmissionsFailed);
  }
}

// Requires: minutes_mutex_ is held.
void Clerk::remember(const Now& now, const Coverage& minute) {
  const std::uint64_t gaps = gap_records();
  minutes_.push_back({now.monotonic, minute, gaps - gaps_told_});
  gaps_told_ = gaps;
  while (now.monotonic - minutes_.front().end > kRememberedMax) minutes_.pop_front();
}

Coverage Clerk::seen_since(const Now& now, std::chrono::nanoseconds window) {
  const std::lock_guard<std::mutex> lock(minutes_mutex_);
  const engine::ShardStatistics engine = services_.statistics();
  Coverage seen;
  for (const Minute& minute : minutes_) {
    if (now.monotonic - minute.end < window) seen.add(minute.coverage);
  }
  seen.add(difference(totals(engine, now.wall), told_));
  return seen;
}

std::optional<Coverage> Clerk::last_coverage() {
  const std::lock_guard<std::mutex> lock(minutes_mutex_);
  return minutes_.empty() ? std::nullopt : std::optional(minutes_.back().coverage);
}

// Whoever writes a gap: the log counts them all.
std::uint64_t Clerk::gap_records() const {
  return services_.log.status().records_by_type[static_cast<std::size_t>(LogRecordType::Gap)];
}

GapCount Clerk::gaps_since(const Now& now, std::chrono::nanoseconds window) {
  const auto length = static_cast<UnixNanos>(window.count());
  const std::lock_guard<std::mutex> lock(minutes_mutex_);
  GapCount count{gap_records() - gaps_told_, started_};
  if (now.wall > length) count.since = std::max(started_, now.wall - length);
  for (const Minute& minute : minutes_) {
    if (now.monotonic - minute.end < window) count.records += minute.gaps;
  }
  return count;
}

}  // namespace betrace::account
