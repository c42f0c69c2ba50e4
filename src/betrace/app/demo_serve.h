// `betrace demo --serve`: a server with the starter rules and the shop's traffic in one process.
//
// What `make run` starts. Traces close sooner than by default, so that violations show at once.
#pragma once

#include <iosfwd>

#include "betrace/app/config.h"
#include "betrace/app/demo.h"
#include "betrace/app/stop_signal.h"

namespace betrace::app {

/// Starts the server from the settings, runs the demo against it, ends both. Returns the exit code
/// of whichever failed first, else that of the demo.
[[nodiscard]] int run_demo_with_server(const DemoOptions& options, const Config& config,
                                       StopSignal& stop, std::ostream& out, std::ostream& err);

}  // namespace betrace::app
