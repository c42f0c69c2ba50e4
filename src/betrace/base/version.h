// The version of the program; CMakeLists.txt is its only source.
#pragma once

#include <string_view>

namespace betrace {

/// `2.0.0`
[[nodiscard]] std::string_view version() noexcept;

}  // namespace betrace
