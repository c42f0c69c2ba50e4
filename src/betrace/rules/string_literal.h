// String literals: where they end, what they mean, and their one canonical spelling.
//
// Used by the lexer, the parser and normalize.cc.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "betrace/rules/refusal.h"

namespace betrace::rules {

/// Longest string literal, in characters of its value.
inline constexpr std::size_t kStringCharactersMax = 10'000;

/// Returns the bytes of the literal that begins at `offset` with a quote, or with `r` and a quote;
/// 0 after noting E_STRING or E_LIMIT. Requires: `text` is UTF-8.
[[nodiscard]] std::size_t scan_string(std::string_view text, std::size_t offset, Refusal* refusal);

/// Returns the value of a whole literal. Requires: scan_string() has accepted it.
[[nodiscard]] std::string string_value(std::string_view literal);

/// Returns `value` as a literal in double quotes with the fewest escapes.
[[nodiscard]] std::string string_literal(std::string_view value);

/// Returns the offset in a literal of the first zero-width or direction-changing character that is
/// written as itself or as an escape; npos if there is none.
[[nodiscard]] std::size_t find_hidden_character(std::string_view literal);

}  // namespace betrace::rules
