// The two kinds of time: monotonic for deadlines, wall clock for people. Both are passed in.
//
// Only app and the threads that it starts read a clock; every other module takes time as a
// parameter.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "betrace/base/result.h"

namespace betrace {

/// A point on a clock that never steps; its zero has no meaning.
using MonotonicTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

/// Wall clock: nanoseconds since 1970-01-01T00:00:00Z, as in OTLP's `*_unix_nano` fields.
using UnixNanos = std::uint64_t;

inline constexpr std::uint64_t kNanosPerMilli = 1'000'000;
inline constexpr std::uint64_t kNanosPerSecond = 1'000'000'000;

/// The two clocks, read together. Immutable.
struct Now {
  MonotonicTime monotonic;
  UnixNanos wall = 0;
};

/// Reads both clocks of the machine.
[[nodiscard]] Now read_clocks() noexcept;

/// Returns RFC 3339 in UTC with `fraction_digits` (0-9) digits, or without trailing zeros and at
/// most nine when it is negative: `2026-01-31T10:00:00.25Z`. Source: RFC 3339.
[[nodiscard]] std::string format_rfc3339(UnixNanos time, int fraction_digits = -1);

/// Reads RFC 3339 with any offset and up to nine fraction digits. A space for `+` in the offset is
/// accepted, since unescaped URLs lose the plus. Error InvalidArgument: not RFC 3339, or outside
/// 1970-01-01..2554-07-21. Source: RFC 3339.
[[nodiscard]] Result<UnixNanos> parse_rfc3339(std::string_view text);

}  // namespace betrace
