// One repeat of a benchmark: warm up, measure, let the server come to rest, compare.
//
// Used by bench.h. What a number means is said at its field; docs/internals/benchmarks.md explains
// how to read them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "betrace/bench/load.h"
#include "betrace/bench/oracle.h"
#include "betrace/bench/server_view.h"
#include "betrace/bench/verdict_delay.h"

namespace betrace::bench {

struct RepeatOptions {
  LoadOptions load;
  std::chrono::milliseconds warmup{2'000};
  std::chrono::milliseconds duration{10'000};
  /// The server must have decided everything this long after the last change of its numbers.
  std::chrono::milliseconds settle_max{30'000};
  Target api;
  std::chrono::milliseconds quiet{0};         ///< The server's `trace.quiet`, for times_verdicts.
  std::chrono::milliseconds reload_every{0};  ///< A rule is published anew; 0 = never.
  bool times_verdicts = false;                ///< The list of violations is watched.
  bool has_storm = false;                     ///< The server has the rule kStormRule.
  bool is_discarded = false;  ///< The server drops what it reads: it must have answered every
                              ///< request, and nothing else is compared.
};

struct RepeatResult {
  LoadTotals totals;  ///< Of the whole repeat.
  SpanAccount account;
  double spans_per_second = 0;  ///< Spans that the server added to traces while it was measured;
                                ///< of one that discards: that it accepted.
  double gigabytes_per_second = 0;
  double cpu_per_million = 0;  ///< Processor seconds of the server, whole repeat, last verdict
                               ///< included, for a million spans.
  double p50_ms = 0;           ///< Of accepted requests that ended while it was measured.
  double p99_ms = 0;
  double p999_ms = 0;
  double resident_megabytes = 0;  ///< Most that the server held.
  std::uint64_t traces_open = 0;  ///< At the end of the measurement.
  std::uint64_t violations_expected = 0;
  std::uint64_t violations_found = 0;
  double spin_before_ns = 0;  ///< A fixed loop, to see whether the machine changed its pace.
  double spin_after_ns = 0;
  double resident_growth_megabytes = 0;  ///< Of a load of so many passes: since its start.
  std::uint64_t reloads = 0;             ///< Rules that were published anew.
  VerdictDelays delays;
  std::vector<std::string> problems;  ///< Not empty: the repeat is invalid.

  [[nodiscard]] bool is_noisy() const noexcept;
};

/// Is told how far a repeat is, a few times a second; returns false to end everything.
using Progress = std::function<bool(std::string_view phase, const Load& load)>;

/// The value below which that share of the ascending `values` lies; 0 if there is none.
[[nodiscard]] double quantile(std::span<const double> values, double share);

/// Runs one repeat, beginning with the pass `*next_pass`, which is moved on. Error: the server or
/// the load cannot be used any more, or `progress` ended it (Unavailable).
[[nodiscard]] Result<RepeatResult> run_repeat(const RepeatOptions& options, Traffic& traffic,
                                              ServerView& server, std::uint64_t run_key,
                                              std::uint64_t* next_pass, const Progress& progress);

}  // namespace betrace::bench
