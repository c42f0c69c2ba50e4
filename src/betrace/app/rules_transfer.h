// `betrace rules import` and `betrace rules export`: all rules of a server, or of a rule folder.
//
// With --storage-path the folder itself is read and written, whether a server runs on it or not:
// one that does takes the change up within seconds. Otherwise the server of this machine is asked.
#pragma once

#include <iosfwd>
#include <string>

#include "betrace/app/config.h"

namespace betrace::app {

struct RulesImportOptions {
  std::string path;                  ///< A document of rules; `-` is standard input.
  std::string format;                ///< `json` `yaml` `ndjson`; empty: the name of the file tells.
  std::string on_conflict = "fail";  ///< `fail` `replace` `skip`
  bool prune = false;                ///< Also delete the rules that the document does not have.
  bool is_partial = false;           ///< Store what can be stored.
  bool dry_run = false;
};

struct RulesExportOptions {
  std::string output;  ///< File; empty: standard output.
  std::string format;  ///< As above; json if nothing tells.
};

/// Returns 0; 1 if a rule is wrong or cannot be stored, and then nothing is changed unless
/// `is_partial`; 2 if the file cannot be read.
[[nodiscard]] int run_rules_import(const Config& config, const RulesImportOptions& options,
                                   std::ostream& out, std::ostream& err);

/// Returns 0; 1 if there is no answer or no such folder.
[[nodiscard]] int run_rules_export(const Config& config, const RulesExportOptions& options,
                                   std::ostream& out, std::ostream& err);

}  // namespace betrace::app
