// Decides when a trace is closed, so that its rules can give a final verdict.
//
// OTLP has no "end of trace" message: the spans of one trace come late, out of order and from many
// senders. Closing is therefore our policy, not a fact on the wire. Pure functions: no clock, no
// lock, no heap. The owner of the trace, engine/shard.cc, passes time. Source:
// docs/internals/traces.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "betrace/base/result.h"
#include "betrace/base/time.h"
#include "betrace/model/verdict.h"

namespace betrace::traces {

using model::CloseReason;

/// Limits of one open trace. Durations are milliseconds on the monotonic clock.
struct ClosureLimits {
  std::chrono::milliseconds quiet{6'000};      ///< `trace.quiet`
  std::chrono::milliseconds idle_max{30'000};  ///< `trace.idle`
  std::chrono::milliseconds age_max{300'000};  ///< `trace.age_max`
  std::uint64_t spans_max = 10'000;            ///< `limits.trace_spans`
  std::uint64_t bytes_max = 5 * 1024 * 1024;   ///< `limits.trace_bytes`
};

/// What closing depends on. A duplicate or dropped span is no arrival.
struct TraceActivity {
  MonotonicTime first_arrival;
  MonotonicTime last_arrival;
  std::uint64_t byte_count = 0;
  std::uint32_t span_count = 0;
  bool has_root = false;  ///< A span without parent id has arrived.
  /// Whether some known span names a parent that has not arrived. It is computed once the trace is
  /// quiet, never per span; until then it counts as true.
  bool misses_parent = true;
};

/// Returns `limits` unchanged if they can be kept.
/// Error InvalidArgument, naming the field: a limit is not positive (`quiet` may be zero), `quiet`
/// is above `idle_max`, or `idle_max` is not below `age_max` and could never be reached.
[[nodiscard]] Result<ClosureLimits> validate(const ClosureLimits& limits);

/// True once the trace holds its limit of spans or bytes and takes no more.
[[nodiscard]] inline bool is_full(const TraceActivity& activity,
                                  const ClosureLimits& limits) noexcept {
  return activity.span_count >= limits.spans_max || activity.byte_count >= limits.bytes_max;
}

/// True once no span has arrived for `quiet`: the moment to compute `misses_parent`.
[[nodiscard]] bool is_quiet(const TraceActivity& activity, const ClosureLimits& limits,
                            MonotonicTime now) noexcept;

/// Returns why the trace must be closed at `now`, or nothing while it stays open. Cost: O(1).
/// A limit is reached at equality. When several are reached, the first of SpanLimit, MaxAge,
/// Complete, Idle is returned, so that a replay of the same arrivals gives the same reason.
/// Requires: `now` is not before `activity.last_arrival`.
[[nodiscard]] std::optional<CloseReason> close_reason(const TraceActivity& activity,
                                                      const ClosureLimits& limits,
                                                      MonotonicTime now) noexcept;

}  // namespace betrace::traces
