// Bounds how many violations are recorded: per rule and in total, by token buckets.
//
// engine/verdicts.cc asks once per decided violation, before anything is built for it. What is held
// back is counted and summed up per rule and minute. Reads no clock. Source:
// docs/internals/traces.md.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

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

  /// Reports the summaries whose minute is over.
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
  };

  void close(RuleNoise* rule);
  static void refill(Bucket* bucket, const NoiseRate& rate, MonotonicTime now);

  NoiseLimits limits_;
  Report report_;
  std::mutex mutex_;  // guards what follows
  Bucket total_;
  bool has_started_ = false;
  MonotonicTime next_check_;
  std::map<std::string, RuleNoise, std::less<>> rules_;
};

}  // namespace betrace::engine
