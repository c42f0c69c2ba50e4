// Bounds how many violations are recorded: per rule and in total, by token buckets.
//
// engine/verdicts.cc asks once per decided violation, before anything is built for it. What is held
// back is counted and summed up per rule and minute. A rule that has spent its bucket is silent for
// a while: engine/batch_builder.h then keeps no spans for it. Reads no clock. Source:
// docs/internals/traces.md.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/base/time.h"

namespace betrace::engine {

/// `refill/bucket` of a token bucket, in violations. No bucket: no bound (the setting `0`).
struct NoiseRate {
  double refill_per_second = 0;
  double bucket = 0;

  [[nodiscard]] bool is_bounded() const noexcept { return bucket > 0; }
};

/// Defaults are those of `serve`.
struct NoiseLimits {
  bool enabled = true;              ///< False in replay, eval and test: nothing is held back.
  NoiseRate per_rule{100, 5'000};   ///< `violations.rule_rate`
  NoiseRate total{20'000, 20'000};  ///< `violations.total_rate`
};

/// What was held back of one rule within a minute.
struct SuppressionSummary {
  std::string rule_id;
  std::uint64_t count = 0;
  UnixNanos since = 0;  ///< Wall time of the first one held back.
  UnixNanos until = 0;  ///< Wall time of the last one.
};

/// Token buckets and open summaries, of all shards together. Thread-safe.
class NoiseLimit {
 public:
  using Report = std::function<void(const SuppressionSummary&)>;

  /// `report` may be empty.
  NoiseLimit(const NoiseLimits& limits, Report report);

  /// True if a violation of `rule_id` may be recorded now; false if it is held back, and then it is
  /// counted. Cost: one map lookup.
  [[nodiscard]] bool allow(std::string_view rule_id, const Now& now);

  /// Counts violations of `rule_id` that are held back unasked, because a span of a silent rule was
  /// not kept.
  void hold_back(std::string_view rule_id, std::uint64_t count, const Now& now);

  /// Changes whenever a rule falls silent or ends to be. Without a lock.
  [[nodiscard]] std::uint64_t silence_edition() const noexcept {
    return silence_edition_.load(std::memory_order_acquire);
  }
  /// The ids of the silent rules, ascending.
  [[nodiscard]] std::vector<std::string> silent_rules() const;

  /// Reports the summaries whose minute is over, and ends silences.
  void advance(const Now& now);

  /// Reports everything that is still open, at the end.
  void flush();

 private:
  struct Bucket {
    double tokens = 0;
    MonotonicTime filled;
  };
  struct RuleNoise {
    Bucket bucket;
    SuppressionSummary open;
    MonotonicTime opened;
    std::optional<MonotonicTime> silent_until;
  };

  RuleNoise& noise_of(std::string_view rule_id, const Now& now);
  void suppress(RuleNoise* rule, std::uint64_t count, const Now& now);
  void silence(RuleNoise* rule, MonotonicTime now);
  void end_silences(MonotonicTime now);
  void close_summaries(MonotonicTime now);
  void close(RuleNoise* rule);
  static void refill(Bucket* bucket, const NoiseRate& rate, MonotonicTime now);

  NoiseLimits limits_;
  Report report_;
  std::atomic<std::uint64_t> silence_edition_{0};
  mutable std::mutex mutex_;  // guards what follows
  Bucket total_;
  bool has_started_ = false;
  MonotonicTime next_check_;
  MonotonicTime next_end_of_silence_ = MonotonicTime::max();
  std::map<std::string, RuleNoise, std::less<>> rules_;
};

}  // namespace betrace::engine
