// Says what a run must have led to, and where what was found differs.
//
// What is expected follows from how the traces were made. Only of traces that arrived in part,
// since some of their requests were refused, the obvious evaluator is asked. Pure functions: the
// numbers come from load.h and server_view.h.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "betrace/bench/load.h"
#include "betrace/bench/server_view.h"

namespace betrace::bench {

/// (trace id in hex, rule id) -> violations.
using ViolationCounts = std::map<std::pair<std::string, std::string>, std::uint64_t>;

/// Adds what one whole pass must lead to.
void expect_pass(const Traffic& traffic, const IdKeys& keys, ViolationCounts* expected);

/// What a load must have led to. Requires: load.finish() succeeded.
[[nodiscard]] ViolationCounts expected_violations(const Traffic& traffic, const Load& load,
                                                  std::uint64_t run_key, std::uint64_t first_pass);

/// What the spans that a server counts did while a load went on.
struct SpanAccount {
  std::uint64_t received = 0;
  std::uint64_t ingested = 0;
  std::uint64_t rejected = 0;
  std::uint64_t dropped = 0;
  std::uint64_t late = 0;
  std::uint64_t suppressed = 0;         ///< Violations that the noise bound held back.
  std::uint64_t evaluation_errors = 0;  ///< Evaluations without a verdict.
  double blind_ratio = 0;               ///< Now.
  std::uint64_t storm_suppressed = 0;   ///< Of `suppressed`, those of kStormRule.
};

/// Takes the violations of kStormRule out of `found`, and returns what is wrong with them: every
/// one of `spans` must have been recorded or suppressed, and some recorded.
[[nodiscard]] std::vector<std::string> take_storm(std::uint64_t spans, const SpanAccount& account,
                                                  std::vector<SeenViolation>* found);

/// The differences of the counters between two readings.
[[nodiscard]] SpanAccount account_between(const MetricsReading& before,
                                          const MetricsReading& after);

/// What is wrong between two readings of a server that drops what it reads: it must have answered
/// with success each request that was accepted, and added no span to a trace.
[[nodiscard]] std::vector<std::string> unanswered(const LoadTotals& sent,
                                                  const MetricsReading& before,
                                                  const MetricsReading& after);

/// One sentence for each thing that is not as it must be; empty if all is right. At most eight
/// violations are named.
[[nodiscard]] std::vector<std::string> mismatches(const LoadTotals& sent,
                                                  const SpanAccount& account,
                                                  const ViolationCounts& expected,
                                                  const std::vector<SeenViolation>& found);

}  // namespace betrace::bench
