// YAML read into JSON: the part of YAML that says no more than JSON does.
//
// Rule documents, scenarios and the configuration file. The only place that knows yaml-cpp. No
// tags, anchors, aliases, repeated keys or second document, so nothing expands and nothing is
// hidden. For files of people, not for the wire.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "betrace/base/json.h"
#include "betrace/base/result.h"

namespace betrace::storage {

/// What a plain scalar becomes.
enum class YamlScalars : std::uint8_t {
  Typed,  ///< By the core schema: null, true, false, a number, else text.
  Texts,  ///< The text as it is written, null apart: whoever reads it knows the type.
};

/// Returns the one value of `text`; null if it has none and `scalars` is Texts. Error
/// InvalidArgument, with the line: not YAML, invalid UTF-8, longer than `bytes_max`, nested deeper
/// than kJsonDepthMax, or one of the things above.
[[nodiscard]] Result<Json> yaml_to_json(std::string_view text, std::size_t bytes_max,
                                        YamlScalars scalars = YamlScalars::Typed);

}  // namespace betrace::storage
