// Reads what a rule test expects: `expect`, `records` and `counts` of a case.
#pragma once

#include "betrace/app/scenario.h"
#include "betrace/app/scenario_members.h"

namespace betrace::app {

/// Reads the three members of the case; at least one must be there. Errors are left with `members`.
void read_expectations(ScenarioMembers* members, Scenario* scenario);

}  // namespace betrace::app
