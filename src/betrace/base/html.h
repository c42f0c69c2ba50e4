// Text in a page of HTML: what a browser must not read as markup.
#pragma once

#include <string>
#include <string_view>

namespace betrace {

/// Returns `text` as it stands in an element or in a quoted attribute.
[[nodiscard]] inline std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace betrace
