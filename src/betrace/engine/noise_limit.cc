#include "betrace/engine/noise_limit.h"

#include <algorithm>
#include <utility>

namespace betrace::engine {
namespace {

constexpr std::chrono::minutes kSummaryTime{1};

}  // namespace

NoiseLimit::NoiseLimit(const NoiseLimits& limits, Report report)
    : limits_(limits), report_(std::move(report)) {}

void NoiseLimit::refill(Bucket* bucket, const NoiseRate& rate, MonotonicTime now) {
  const double seconds = std::chrono::duration<double>(now - bucket->filled).count();
  if (seconds <= 0) return;
  bucket->tokens = std::min(rate.bucket, bucket->tokens + seconds * rate.refill_per_second);
  bucket->filled = now;
}

bool NoiseLimit::allow(std::string_view rule_id, const Now& now) {
  if (!limits_.enabled) return true;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!has_started_) {
    has_started_ = true;
    total_ = Bucket{limits_.total.bucket, now.monotonic};
    next_check_ = now.monotonic + kSummaryTime;
  }
  auto found = rules_.find(rule_id);
  if (found == rules_.end()) {
    RuleNoise fresh;
    fresh.bucket = Bucket{limits_.per_rule.bucket, now.monotonic};
    fresh.open.rule_id = rule_id;
    found = rules_.emplace(std::string(rule_id), std::move(fresh)).first;
  }
  RuleNoise& rule = found->second;
  refill(&total_, limits_.total, now.monotonic);
  refill(&rule.bucket, limits_.per_rule, now.monotonic);
  const bool rule_may = !limits_.per_rule.is_bounded() || rule.bucket.tokens >= 1;
  const bool total_may = !limits_.total.is_bounded() || total_.tokens >= 1;
  if (rule_may && total_may) {
    if (limits_.per_rule.is_bounded()) rule.bucket.tokens -= 1;
    if (limits_.total.is_bounded()) total_.tokens -= 1;
    return true;
  }
  if (rule.open.count++ == 0) {
    rule.open.since = now.wall;
    rule.opened = now.monotonic;
    next_check_ = std::min(next_check_, rule.opened + kSummaryTime);
  }
  rule.open.until = now.wall;
  return false;
}

void NoiseLimit::advance(const Now& now) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!has_started_ || now.monotonic < next_check_) return;
  next_check_ = now.monotonic + kSummaryTime;
  for (auto entry = rules_.begin(); entry != rules_.end();) {
    RuleNoise& rule = entry->second;
    if (rule.open.count != 0 && now.monotonic - rule.opened >= kSummaryTime) close(&rule);
    if (rule.open.count != 0) next_check_ = std::min(next_check_, rule.opened + kSummaryTime);
    // A full bucket says the same as none: rules that fell silent or were deleted cost nothing.
    refill(&rule.bucket, limits_.per_rule, now.monotonic);
    const bool is_idle = rule.open.count == 0 && rule.bucket.tokens >= limits_.per_rule.bucket;
    entry = is_idle ? rules_.erase(entry) : std::next(entry);
  }
}

void NoiseLimit::flush() {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (auto& entry : rules_) {
    if (entry.second.open.count != 0) close(&entry.second);
  }
}

void NoiseLimit::close(RuleNoise* rule) {
  if (report_) report_(rule->open);
  rule->open.count = 0;
}

}  // namespace betrace::engine
