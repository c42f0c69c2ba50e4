// `betrace healthcheck`: asks the server that runs with these settings whether it is alive.
//
// For container health checks; needs no other program in the image.
#pragma once

#include <iosfwd>

#include "betrace/app/config.h"

namespace betrace::app {

/// Returns 0 if GET /health on the first bind address and http.port answers 200 within 5 s, else 1
/// with the reason on `err`.
[[nodiscard]] int run_healthcheck(const Config& config, std::ostream& err);

}  // namespace betrace::app
