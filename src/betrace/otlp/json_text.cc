#include "betrace/otlp/json_text.h"

#include <fmt/format.h>

#include <cmath>

#include "betrace/base/json.h"
#include "betrace/base/utf8.h"

namespace betrace::otlp {
namespace {

bool needs_escape(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\') return true;
  }
  return !is_utf8(text);
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  if (needs_escape(text)) {
    out += dump_json(Json(text));
    return;
  }
  out += '"';
  out += text;
  out += '"';
}

void append_json_double(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "\"NaN\"";
  } else if (std::isinf(value)) {
    out += value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  } else {
    const std::string text = fmt::format("{}", value);
    out += text;
    // A reader must see a double, and minus zero is none of the integers.
    if (text.find_first_of(".e") == std::string::npos) out += ".0";
  }
}

}  // namespace betrace::otlp
