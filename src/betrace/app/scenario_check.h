// Compares what came of a rule test with what it expects, in words that help to find the reason.
#pragma once

#include <string>
#include <vector>

#include "betrace/app/scenario.h"
#include "betrace/app/scenario_runner.h"

namespace betrace::app {

/// Returns one line (or more, indented) for each difference; nothing if all is as expected.
[[nodiscard]] std::vector<std::string> check_scenario(const Scenario& scenario,
                                                      const ScenarioOutcome& outcome);

}  // namespace betrace::app
