// The rules that `betrace replay` judges by: from files, folders and the command line.
//
// Nothing is stored: each rule is checked as the store and the engine would check it.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "betrace/engine/rule_set.h"

namespace betrace::app {

/// Where the rules come from.
struct RuleSources {
  /// Rule files (JSON, YAML, JSON lines), or folders whose rule files are read, those of their
  /// subfolders too; test files and hidden ones are passed over.
  std::vector<std::string> paths;
  std::vector<std::string> expressions;  ///< Become `rule-1`, `rule-2`, ... of MEDIUM severity.
};

/// Reads and checks all rules into `rules`, disabled ones too. Returns how many problems there were
/// and prints each to `err`: a file that cannot be read, a folder without rules, a rule that is
/// wrong, with the place in its text, or two rules with one id.
[[nodiscard]] std::size_t read_replay_rules(const RuleSources& sources,
                                            std::vector<engine::ActiveRulePtr>* rules,
                                            std::ostream& err);

}  // namespace betrace::app
