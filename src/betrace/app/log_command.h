// `betrace log`: a verified copy of the violation log, and its records for other tools.
//
// Source: docs/internals/violation_log.md, "Copies".
#pragma once

#include <iosfwd>
#include <string>

#include "betrace/app/config.h"
#include "betrace/storage/log_format.h"

namespace betrace::app {

/// Copies the log of `state.path` to the new folder `target`: by itself if no server has it, else
/// the server that runs with these settings is asked to. Returns an exit code.
[[nodiscard]] int run_log_backup(const Config& config, const std::string& target, std::ostream& out,
                                 std::ostream& err);

/// Prints the records of the range, one a line. Returns 1 if one is not what was committed.
[[nodiscard]] int run_log_dump(const Config& config, const storage::SequenceRange& range,
                               bool is_json, std::ostream& out, std::ostream& err);

}  // namespace betrace::app
