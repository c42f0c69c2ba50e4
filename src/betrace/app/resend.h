// `betrace violations resend`: has the server that runs with these settings export stored
// violations once more.
#pragma once

#include <cstdint>
#include <iosfwd>

#include "betrace/app/config.h"

namespace betrace::app {

/// Both ends inclusive; `last` 0: to the newest.
struct ResendRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

/// Returns 0 if the server took the request, else 1 with the reason on `err`.
[[nodiscard]] int run_resend(const Config& config, const ResendRange& range, std::ostream& out,
                             std::ostream& err);

}  // namespace betrace::app
