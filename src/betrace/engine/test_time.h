// Points in time for tests of the engine: both clocks say the same, a second after 1970.
#pragma once

#include <chrono>

#include "betrace/base/time.h"

namespace betrace::engine {

inline Now at(std::chrono::nanoseconds time) {
  return {MonotonicTime(time), kNanosPerSecond + static_cast<UnixNanos>(time.count())};
}

}  // namespace betrace::engine
