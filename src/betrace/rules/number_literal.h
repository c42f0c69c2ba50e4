// Number and duration literals: where they end and what they are worth.
//
// Used by the lexer and the parser. Numbers inside attribute texts are number.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "betrace/rules/token.h"

namespace betrace::rules {

/// A literal at the beginning of a text.
struct NumberScan {
  TokenKind kind = TokenKind::End;  ///< Number or Duration; End: malformed.
  std::size_t size = 0;             ///< In bytes; of a malformed one, the word that it runs into.
};

/// Looks at the beginning of `text`. Requires: it is a digit.
[[nodiscard]] NumberScan scan_number(std::string_view text) noexcept;

/// The value of a Number token: an integer if it is written without point and exponent.
struct NumberValue {
  bool is_integer = false;
  std::uint64_t integer = 0;  ///< At most 2^63, which only a minus sign in front makes legal.
  double real = 0;
};

/// Returns nothing when the number is out of range: beyond 2^63 for integers, beyond the doubles
/// for others. Requires: a whole Number token.
[[nodiscard]] std::optional<NumberValue> number_value(std::string_view literal) noexcept;

/// Returns nanoseconds, parts of one dropped; nothing when 64 bits do not hold them. Requires: a
/// whole Duration token.
[[nodiscard]] std::optional<std::int64_t> duration_value(std::string_view literal) noexcept;

}  // namespace betrace::rules
