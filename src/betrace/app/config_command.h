// `betrace config show` and `betrace config check`.
//
// Used by app/command_line. Starts nothing and opens no port.
#pragma once

#include <iosfwd>

#include "betrace/app/config.h"

namespace betrace::app {

/// Prints each setting with its source, as a file that --config takes: settings without a value and
/// secrets stand in comments. `given_only` leaves the defaults out.
void print_config(const Config& config, bool given_only, std::ostream& out);

/// Prints that the settings are valid, after what is doubtful about them.
void print_config_check(const Config& config, std::ostream& out, std::ostream& err);

}  // namespace betrace::app
