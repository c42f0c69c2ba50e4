// How bad a violation of a rule is. The order is the order of the enumerators.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace betrace::model {

/// Written to the violation log: never renumber.
enum class Severity : std::uint8_t { Low = 1, Medium = 2, High = 3, Critical = 4 };

/// `LOW` `MEDIUM` `HIGH` `CRITICAL`
[[nodiscard]] std::string_view name_of(Severity severity) noexcept;

/// Reads a name in any case; nothing if it is none.
[[nodiscard]] std::optional<Severity> parse_severity(std::string_view text) noexcept;

}  // namespace betrace::model
