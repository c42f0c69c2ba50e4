// Base64 with padding. Source: RFC 4648 section 4.
#pragma once

#include <string>
#include <string_view>

#include "betrace/base/result.h"

namespace betrace {

/// Returns the padded base64 text of any bytes.
[[nodiscard]] std::string to_base64(std::string_view bytes);

/// Returns the bytes of padded or unpadded text in the standard or the URL alphabet, as proto3 JSON
/// allows. Error InvalidArgument: anything else.
[[nodiscard]] Result<std::string> from_base64(std::string_view text);

}  // namespace betrace
