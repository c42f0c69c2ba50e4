#include "betrace/engine/noise_limit.h"

#include <algorithm>
#include <utility>

namespace betrace::engine {
namespace {

constexpr std::chrono::minutes kSummaryTime{1};

// How long a rule is silent: long against the time that spans wait to be judged, so that few are
// kept in vain.
constexpr double kSilenceSeconds = 0.5;
constexpr double kSilenceSecondsMax = 60;

// The bucket, which fills meanwhile, holds a token at the end, and has not long been full.
MonotonicTime::duration silence_time(const NoiseRate& rate) {
  double seconds = kSilenceSecondsMax;
  if (rate.refill_per_second > 0) {
    const double until_token = std::max(kSilenceSeconds, 1 / rate.refill_per_second);
    const double until_full = rate.bucket / rate.refill_per_second;
    seconds = std::min({until_token, until_full, kSilenceSecondsMax});
  }
  return std::chrono::duration_cast<MonotonicTime::duration>(
      std::chrono::duration<double>(seconds));
}

}  // namespace

NoiseLimit::NoiseLimit(const NoiseLimits& limits, Report report)
    : limits_(limits), report_(std::move(report)) {}

void NoiseLimit::refill(Bucket* bucket, const NoiseRate& rate, MonotonicTime now) {
  const double seconds = std::chrono::duration<double>(now - bucket->filled).count();
  if (seconds <= 0) return;
  bucket->tokens = std::min(rate.bucket, bucket->tokens + seconds * rate.refill_per_second);
  bucket->filled = now;
}

// Requires: mutex_ is held.
NoiseLimit::RuleNoise& NoiseLimit::noise_of(std::string_view rule_id, const Now& now) {
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
  return found->second;
}

bool NoiseLimit::allow(std::string_view rule_id, const Now& now) {
  if (!limits_.enabled) return true;
  const std::lock_guard<std::mutex> lock(mutex_);
  RuleNoise& rule = noise_of(rule_id, now);
  refill(&total_, limits_.total, now.monotonic);
  refill(&rule.bucket, limits_.per_rule, now.monotonic);
  const bool rule_may = !limits_.per_rule.is_bounded() || rule.bucket.tokens >= 1;
  const bool total_may = !limits_.total.is_bounded() || total_.tokens >= 1;
  if (rule_may && total_may) {
    if (limits_.per_rule.is_bounded()) rule.bucket.tokens -= 1;
    if (limits_.total.is_bounded()) total_.tokens -= 1;
    return true;
  }
  suppress(&rule, 1, now);
  if (!rule_may && !rule.silent_until.has_value()) silence(&rule, now.monotonic);
  return false;
}

void NoiseLimit::hold_back(std::string_view rule_id, std::uint64_t count, const Now& now) {
  const std::lock_guard<std::mutex> lock(mutex_);
  suppress(&noise_of(rule_id, now), count, now);
}

void NoiseLimit::suppress(RuleNoise* rule, std::uint64_t count, const Now& now) {
  if (rule->open.count == 0) {
    rule->open.since = now.wall;
    rule->opened = now.monotonic;
    next_check_ = std::min(next_check_, rule->opened + kSummaryTime);
  }
  rule->open.count += count;
  rule->open.until = now.wall;
}

void NoiseLimit::silence(RuleNoise* rule, MonotonicTime now) {
  rule->silent_until = now + silence_time(limits_.per_rule);
  next_end_of_silence_ = std::min(next_end_of_silence_, *rule->silent_until);
  ++silence_edition_;
}

std::vector<std::string> NoiseLimit::silent_rules() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<std::string> silent;
  for (const auto& [id, rule] : rules_) {
    if (rule.silent_until.has_value()) silent.push_back(id);
  }
  return silent;
}

void NoiseLimit::advance(const Now& now) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (now.monotonic >= next_end_of_silence_) end_silences(now.monotonic);
  if (has_started_ && now.monotonic >= next_check_) close_summaries(now.monotonic);
}

void NoiseLimit::end_silences(MonotonicTime now) {
  next_end_of_silence_ = MonotonicTime::max();
  for (auto& [id, rule] : rules_) {
    if (!rule.silent_until.has_value()) continue;
    if (*rule.silent_until <= now) {
      rule.silent_until.reset();
    } else {
      next_end_of_silence_ = std::min(next_end_of_silence_, *rule.silent_until);
    }
  }
  ++silence_edition_;
}

void NoiseLimit::close_summaries(MonotonicTime now) {
  next_check_ = now + kSummaryTime;
  for (auto entry = rules_.begin(); entry != rules_.end();) {
    RuleNoise& rule = entry->second;
    if (rule.open.count != 0 && now - rule.opened >= kSummaryTime) close(&rule);
    if (rule.open.count != 0) next_check_ = std::min(next_check_, rule.opened + kSummaryTime);
    // A full bucket says the same as none: rules that break no more or were deleted cost nothing.
    refill(&rule.bucket, limits_.per_rule, now);
    const bool is_idle = rule.open.count == 0 && !rule.silent_until.has_value() &&
                         rule.bucket.tokens >= limits_.per_rule.bucket;
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
