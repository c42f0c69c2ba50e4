// The command line of `betrace`: commands, their flags and help texts, and what they call.
//
// main() calls it, and nobody else. The commands themselves are plain functions in files of their
// own; only command_line*.cc know CLI11.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "betrace/app/config.h"

namespace betrace::app {

/// What a run of the program is given besides its arguments; tests give their own.
struct Process {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  ConfigInputs inputs;  ///< Environment, machine and host name; flags are added here.
};

/// Runs the command that `arguments` (without the program's name) ask for and returns the exit
/// code: 0; 1 a failure, or a rule is wrong; 2 usage or configuration; 3 violations found with
/// --fail-on; 75 state directory in use; 78 store of a newer format.
[[nodiscard]] int run_command_line(std::vector<std::string> arguments, const Process& process);

/// The arguments as `betrace` understands them: a program named `betrace-backend` is
/// `betrace serve`, and its --health-check is `betrace healthcheck`.
[[nodiscard]] std::vector<std::string> program_arguments(int count, const char* const* texts);

}  // namespace betrace::app
