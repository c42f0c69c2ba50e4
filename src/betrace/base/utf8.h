// UTF-8: is it valid, how many characters, where may a text be cut.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace betrace {

/// True if `text` is well-formed UTF-8 (no overlong form, no surrogate, at most U+10FFFF).
/// Cost: one pass over words while all bytes are ASCII. Source: RFC 3629.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// Returns the number of characters (code points). Requires: `is_utf8(text)`.
[[nodiscard]] std::size_t utf8_length(std::string_view text) noexcept;

/// Returns the longest prefix of at most `bytes_max` bytes that ends between two characters.
/// Requires: `is_utf8(text)`.
[[nodiscard]] std::string_view utf8_prefix(std::string_view text, std::size_t bytes_max) noexcept;

/// Returns the first `characters_max` characters of any bytes, fit for a log line or an error body:
/// control characters and invalid bytes as `\xNN`, quotes and backslashes escaped, `...` if cut.
[[nodiscard]] std::string quote_excerpt(std::string_view text, std::size_t characters_max = 40);

}  // namespace betrace
