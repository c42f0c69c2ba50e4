// Appends JSON texts to a string, for the writers of this module.
#pragma once

#include <string>
#include <string_view>

namespace betrace::otlp {

/// Appends `text` in quotes; invalid UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);

/// Appends the shortest number that reads back as `value`; `"NaN"`, `"Infinity"`, `"-Infinity"` in
/// quotes, as proto3 JSON has it.
void append_json_double(std::string& out, double value);

}  // namespace betrace::otlp
