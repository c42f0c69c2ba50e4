// What a client says it can take: does its Accept-Encoding allow gzip, its Accept a media type.
//
// Pure functions, used by the server.
#pragma once

#include <string_view>

#include "betrace/http/headers.h"

namespace betrace::http {

/// True if Accept-Encoding names gzip, or `*`, without q=0. Source: RFC 9110 12.5.3.
[[nodiscard]] bool accepts_gzip(const Headers& headers) noexcept;

/// True unless an Accept is there and its best match for `type` (lower case, no parameters) is
/// missing or has q=0. Source: RFC 9110 12.5.1.
[[nodiscard]] bool accepts_type(const Headers& headers, std::string_view type) noexcept;

}  // namespace betrace::http
