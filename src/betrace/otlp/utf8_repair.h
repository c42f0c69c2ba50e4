// Makes text with invalid UTF-8 readable for a parser that refuses it as a whole.
//
// A JSON parser fails on one bad byte anywhere; only the spans that hold it are to be rejected. So
// each row of bad bytes becomes a marker, and texts with the marker in them count as invalid.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace betrace::otlp {

struct RepairedText {
  std::string text;    ///< Valid UTF-8.
  std::string marker;  ///< One character that the original text does not contain, escaped or not.
};

/// Returns `json` with each row of invalid bytes replaced by the marker. Nothing: the text uses
/// every character that could be a marker. Cost: at most twice the memory of `json`.
[[nodiscard]] std::optional<RepairedText> repair_utf8(std::string_view json);

}  // namespace betrace::otlp
