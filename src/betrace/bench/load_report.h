// What `betrace bench` prints: a table for people, JSON for machines.
#pragma once

#include <span>
#include <string>

#include "betrace/base/json.h"
#include "betrace/bench/load_run.h"
#include "betrace/bench/machine_facts.h"
#include "betrace/bench/repeat.h"

namespace betrace::bench {

/// What a run was of, besides its options.
struct RunFacts {
  MachineFacts machine;
  std::string rules_sha256;  ///< Of the document of the rules.
  double bytes_per_span = 0;
  std::string door;  ///< `http` `grpc`
  bool has_own_server = false;
  double steal_seconds = 0;  ///< While it ran.
};

/// One line that says what was sent.
[[nodiscard]] std::string describe(const LoadRunOptions& options, const RunFacts& facts);

[[nodiscard]] std::string table_head();
[[nodiscard]] std::string table_row(std::size_t number, const RepeatResult& result);
/// How long verdicts took; empty if they were not timed.
[[nodiscard]] std::string delays_row(const RepeatResult& result);
/// The median with least and most of each column; empty for fewer than two results. Noisy ones are
/// left out, unless all are.
[[nodiscard]] std::string table_median(std::span<const RepeatResult> results);

/// The whole run. Rates are left out of repeats that are not valid.
[[nodiscard]] Json report_json(const LoadRunOptions& options, const RunFacts& facts,
                               std::span<const RepeatResult> results);

}  // namespace betrace::bench
