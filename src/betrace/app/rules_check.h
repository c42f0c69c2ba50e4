// `betrace rules check` and `betrace rules explain`: what rules mean, before they run.
//
// Reads files and folders, checks every rule in them, prints like a compiler. Stores nothing.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace betrace::app {

struct RulesCheckOptions {
  std::vector<std::string> paths;  ///< Files, or folders whose *.json *.yaml *.yml are read.
  bool is_json = false;            ///< `--format json`: one object for people's tools.
  bool colour = false;
};

/// Checks all rules. Returns 0, 1 if a rule is wrong, 2 if a path cannot be read or holds no rule.
[[nodiscard]] int run_rules_check(const RulesCheckOptions& options, std::ostream& out,
                                  std::ostream& err);

/// Says of each rule its scope, when it is decided, what it reads and what its clauses are.
/// Returns as run_rules_check().
[[nodiscard]] int run_rules_explain(const RulesCheckOptions& options, std::ostream& out,
                                    std::ostream& err);

}  // namespace betrace::app
