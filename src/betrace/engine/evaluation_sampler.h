// Measures one evaluation in many, so that rules have a price and measuring has none.
//
// engine/verdicts.cc asks it around the judge. Without a stopwatch (replay, tests) it measures
// nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

#include "betrace/base/time.h"

namespace betrace::engine {

/// One in so many judgings of a trace is measured.
inline constexpr std::uint32_t kTracesPerSample = 64;

struct EvaluationSample {
  std::string_view rule_id;
  std::chrono::nanoseconds time{0};  ///< Of one evaluation.
  double weight = 1;                 ///< How many evaluations it stands for.
};

/// Shard-owned.
class EvaluationSampler {
 public:
  using Stopwatch = std::function<MonotonicTime()>;
  using Report = std::function<void(const EvaluationSample&)>;

  /// Both may be empty; then nothing is measured.
  EvaluationSampler(Stopwatch stopwatch, Report report)
      : stopwatch_(std::move(stopwatch)), report_(std::move(report)) {}

  /// True if the trace at hand is to be measured.
  [[nodiscard]] bool is_trace_due() noexcept {
    if (!stopwatch_ || !report_ || ++traces_ < kTracesPerSample) return false;
    traces_ = 0;
    return true;
  }

  /// Requires: something is due.
  [[nodiscard]] MonotonicTime now() const { return stopwatch_(); }
  void report(const EvaluationSample& sample) const { report_(sample); }

 private:
  Stopwatch stopwatch_;
  Report report_;
  std::uint32_t traces_ = 0;
};

}  // namespace betrace::engine
