// Reads the cases of a rule test file, YAML or JSON.
//
// Whatever is misspelt is an error: a test that says less than it seems to is worse than none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "betrace/app/scenario.h"
#include "betrace/base/json.h"
#include "betrace/base/result.h"

namespace betrace::app {

/// Returns true if a document holds rule tests: an object with the member `cases`. Other files of
/// a folder are none of them.
[[nodiscard]] bool is_scenario_file(const Json& document);

/// Reads all cases of `document`. `folder` is where the paths of `use` start. Error
/// InvalidArgument: the case and the member that is wrong.
[[nodiscard]] Result<std::vector<Scenario>> read_scenarios(const Json& document,
                                                           const std::string& folder);

}  // namespace betrace::app
