// Reading JSON from people and files: depth-limited, strict, with a clear error.
//
// Used by the REST API, stores and configuration. OTLP/JSON has a reader of its own in otlp/.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "betrace/base/result.h"

namespace betrace {

using Json = nlohmann::json;
/// JSON that keeps the order of its members: what people see is in the order of the documentation.
using OrderedJson = nlohmann::ordered_json;

/// Deepest nesting of a JSON body that is not OTLP.
inline constexpr int kJsonDepthMax = 64;

/// Returns the one value in `text`. Error InvalidArgument: not JSON, invalid UTF-8, an object with
/// the same key twice, or nested deeper than `depth_max`; the message says where. No tree deeper
/// than the limit is ever built.
[[nodiscard]] Result<Json> parse_json(std::string_view text, int depth_max = kJsonDepthMax);

/// Returns compact JSON; invalid UTF-8 comes out as U+FFFD instead of an exception.
[[nodiscard]] std::string dump_json(const Json& value);
[[nodiscard]] std::string dump(const OrderedJson& value);

}  // namespace betrace
