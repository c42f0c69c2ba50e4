// What is known of a trace as a whole, without looking at its spans one by one.
#pragma once

#include <cstdint>

#include "betrace/model/ids.h"

namespace betrace::rules {

/// Times are Unix nanoseconds: the earliest start, and the latest end (corrected to be no earlier
/// than its start). All zero for a trace without spans.
struct TraceTotals {
  model::TraceId trace_id;
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint64_t span_count = 0;
  std::uint64_t error_count = 0;  ///< Spans with status `error`.
};

}  // namespace betrace::rules
