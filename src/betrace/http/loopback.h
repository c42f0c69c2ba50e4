// Which addresses nobody but this machine can reach, or be reached by.
#pragma once

#include <string_view>

namespace betrace::http {

/// True for 127.0.0.0/8 and ::1, without brackets; no name is one.
[[nodiscard]] bool is_loopback(std::string_view address) noexcept;

}  // namespace betrace::http
