// `betrace replay`: judges recorded traces by a set of rules, as `serve` would have.
//
// The same engine without the noise bound. Time is that of the record: the clock moves once per
// request, to its latest span end, never backwards, and by `trace.idle` at the end of the input.
// Nothing is stored or sent. Source: docs/internals/traces.md.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "betrace/app/replay_report.h"
#include "betrace/app/replay_rules.h"
#include "betrace/control/rule_group.h"
#include "betrace/engine/shard.h"
#include "betrace/model/severity.h"

namespace betrace::app {

struct ReplayOptions {
  RuleSources rules;               ///< `--rules PATH`, `--rule EXPR`; at least one.
  control::RuleGroup rule_group;   ///< `--rule-group i/n`: the other rules are not judged.
  std::vector<std::string> files;  ///< Read in this order; `-` is standard input. At least one.
  /// `table.closure` and `table.late_max` are `trace.*` and `limits.trace_*`; the noise bound is
  /// off whatever stands here.
  engine::ShardOptions engine;
  std::uint64_t request_bytes_max = 64ull << 20;  ///< Longest line or message.
  ReplayFormat format = ReplayFormat::Text;
  std::optional<model::Severity> fail_on;  ///< `--fail-on`: exit 3 from this severity up.
  bool show_progress = false;              ///< True if standard error is a terminal.
};

/// Prints violations and summary to `out` (with Json the summary to `err`), progress and errors to
/// `err`. Returns 0; 1 if a file cannot be read or a rule is wrong; 2 without rules or files, or
/// with limits that cannot be kept; 3 if `fail_on` is met.
[[nodiscard]] int run_replay(const ReplayOptions& options, std::ostream& out, std::ostream& err);

}  // namespace betrace::app
