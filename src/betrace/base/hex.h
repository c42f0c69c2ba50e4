// Bytes as lower-case hex, and back.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace betrace {

/// Returns two lower-case digits a byte.
[[nodiscard]] std::string to_hex(std::span<const std::uint8_t> bytes);

/// Fills `out` from exactly `2 * out.size()` digits of either case; false, with `out` unspecified,
/// if `text` is anything else.
[[nodiscard]] bool from_hex(std::string_view text, std::span<std::uint8_t> out) noexcept;

}  // namespace betrace
