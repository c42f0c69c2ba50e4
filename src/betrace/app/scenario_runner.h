// Plays a rule test on a shard of its own: the engine that `serve` runs, with time from the page.
#pragma once

#include <vector>

#include "betrace/app/scenario.h"
#include "betrace/base/result.h"
#include "betrace/engine/statistics.h"
#include "betrace/model/violation.h"

namespace betrace::app {

/// What came of a case.
struct ScenarioOutcome {
  std::vector<model::ViolationRecord> records;  ///< In order.
  /// Indexes into `records`: the last one of each violation, in order of the first ones.
  std::vector<std::size_t> violations;
  engine::ShardStatistics statistics;
};

/// Runs `scenario` to its end. Error InvalidArgument: a rule of it does not load.
[[nodiscard]] Result<ScenarioOutcome> run_scenario(const Scenario& scenario);

}  // namespace betrace::app
