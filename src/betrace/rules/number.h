// Numbers compared by their mathematical value, and texts that are numbers or durations.
//
// Used by comparison, arithmetic and aggregates. No rounding takes place in a comparison: a 64-bit
// integer and a double are never brought to a common type.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

namespace betrace::rules {

inline constexpr double kTwoTo63 = 9223372036854775808.0;

/// Longest text that may be a number or a duration.
inline constexpr std::size_t kNumberTextMax = 64;

/// An integer, a double, or an integer that only a text can hold. Owner of `digits`: the text.
struct Number {
  enum class Kind : std::uint8_t { Integer, Double, WideInteger };
  Kind kind = Kind::Integer;
  std::int64_t integer = 0;
  double real = 0;
  bool negative = false;    ///< WideInteger
  std::string_view digits;  ///< WideInteger: without sign and leading zeros, beyond 64 bits

  [[nodiscard]] static Number of(std::int64_t value) noexcept {
    return {Kind::Integer, value, 0, false, {}};
  }
  [[nodiscard]] static Number of(double value) noexcept {
    return {Kind::Double, 0, value, false, {}};
  }
  [[nodiscard]] bool is_nan() const noexcept { return kind == Kind::Double && real != real; }
  /// The nearest double.
  [[nodiscard]] double to_double() const noexcept;
};

/// Compares by mathematical value; a NaN is unordered. `compare` is the same with a short way for
/// two integers.
[[nodiscard]] std::partial_ordering compare_any(const Number& left, const Number& right) noexcept;
[[nodiscard]] inline std::partial_ordering compare(const Number& left,
                                                   const Number& right) noexcept {
  const bool are_integers =
      left.kind == Number::Kind::Integer && right.kind == Number::Kind::Integer;
  return are_integers ? left.integer <=> right.integer : compare_any(left, right);
}

/// Reads a text that as a whole is a JSON number of at most kNumberTextMax characters; nothing
/// otherwise. Without point and exponent it is an integer, else the nearest double. Source: RFC
/// 8259.
[[nodiscard]] std::optional<Number> parse_number(std::string_view text) noexcept;

/// Reads a text that as a whole is a duration as rules write them (`1m30s`, `1.5ms`), at most
/// kNumberTextMax bytes; in nanoseconds, parts of one dropped. Nothing if it is none or too long a
/// time for 64 bits.
[[nodiscard]] std::optional<std::int64_t> parse_duration(std::string_view text) noexcept;

}  // namespace betrace::rules
