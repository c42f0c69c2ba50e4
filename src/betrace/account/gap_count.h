// How many `gap` records came in a stretch of time until now.
//
// Counted by account/clerk, shown by api/.
#pragma once

#include <cstdint>

#include "betrace/base/time.h"

namespace betrace::account {

struct GapCount {
  std::uint64_t records = 0;
  UnixNanos since = 0;
};

}  // namespace betrace::account
