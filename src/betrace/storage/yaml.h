// YAML read into JSON: the part of YAML that says no more than JSON does.
//
// The only place that knows yaml-cpp. No tags, anchors, aliases, repeated keys or second document,
// so nothing expands and nothing is hidden. For files of people, not for the wire.
#pragma once

#include <cstddef>
#include <string_view>

#include "betrace/base/json.h"
#include "betrace/base/result.h"

namespace betrace::storage {

/// Returns the one value of `text`; plain scalars by the core schema: null, true, false, numbers,
/// else text. Error InvalidArgument, with the line: not YAML, invalid UTF-8, longer than
/// `bytes_max`, nested deeper than kJsonDepthMax, or one of the things above.
[[nodiscard]] Result<Json> yaml_to_json(std::string_view text, std::size_t bytes_max);

}  // namespace betrace::storage
