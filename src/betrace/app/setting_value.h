// The values of settings as people write them: durations, sizes, booleans, rates, lists.
//
// app/config reads every source through these, so that a value means the same in a flag, a variable
// and the file. Knows no keys.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/base/result.h"

namespace betrace::app {

/// `refill/bucket` of a token bucket, per second. Both zero: off.
struct Rate {
  std::uint64_t refill = 0;
  std::uint64_t bucket = 0;

  friend bool operator==(const Rate&, const Rate&) = default;
};

/// Reads `5s`, `250ms`, `1m30s`, `30d` (units ms s m h d, each once, descending) or a plain number
/// of milliseconds. Error InvalidArgument: anything else, or more than 100 years.
[[nodiscard]] Result<std::chrono::milliseconds> parse_duration(std::string_view text);

/// Reads a number of bytes with an optional unit in any case: B, kB, MB, GB, TB (powers of 1000),
/// KiB, MiB, GiB, TiB (powers of 1024). Error InvalidArgument: anything else, or 2^63 and more.
[[nodiscard]] Result<std::uint64_t> parse_size(std::string_view text);

/// Reads `true` `false` `1` `0`, in any case. Error InvalidArgument: anything else.
[[nodiscard]] Result<bool> parse_boolean(std::string_view text);

/// Reads an unsigned decimal number. Error InvalidArgument: anything else, or 2^63 and more.
[[nodiscard]] Result<std::uint64_t> parse_whole_number(std::string_view text);

/// Reads `refill/bucket`, both at least 1, or `0`. Error InvalidArgument: anything else.
[[nodiscard]] Result<Rate> parse_rate(std::string_view text);

/// Splits at commas; white space around an item is not part of it; empty items are left out.
[[nodiscard]] std::vector<std::string> parse_list(std::string_view text);

/// The inverse of parse_duration: `1m30s`, `0s`.
[[nodiscard]] std::string format_duration(std::chrono::milliseconds duration);
/// The inverse of parse_size: the largest power of 1024 that divides it, `64MiB`, else plain bytes.
[[nodiscard]] std::string format_size(std::uint64_t bytes);
/// The inverse of parse_rate: `100/5000`, `0`.
[[nodiscard]] std::string format_rate(const Rate& rate);

}  // namespace betrace::app
