// Where a request carries its API key, and whether it does so in exactly one place.
//
// HTTP fields and gRPC metadata alike; never the query, never a cookie. Proves nothing: access.h.
#pragma once

#include <optional>
#include <string_view>

#include "betrace/http/headers.h"

namespace betrace::api {

/// What a request shows.
struct Credential {
  enum class Kind { None, One, Unclear } kind = Kind::None;
  std::string_view key = {};  ///< If One. Owner: the headers.
};

/// Finds the key in `Authorization: Bearer <key>` or in the field `key_header`. Unclear: it is
/// there more than once, or empty. Other schemes of Authorization are not ours and count as none.
[[nodiscard]] Credential find_credential(const http::Headers& headers,
                                         std::string_view key_header) noexcept;

}  // namespace betrace::api
