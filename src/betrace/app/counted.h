// Numbers as people read them: `23,019`, `1 trace`, `2 traces`.
//
// Used by what the commands print. Not for output that programs read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace betrace::app {

/// `23019` as `23,019`.
[[nodiscard]] std::string grouped(std::uint64_t number);

/// The number and the noun, with an `s` unless the number is one.
[[nodiscard]] std::string counted(std::uint64_t number, std::string_view noun);

}  // namespace betrace::app
