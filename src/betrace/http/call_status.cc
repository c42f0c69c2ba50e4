#include "betrace/http/call_status.h"

#include "betrace/base/base64.h"

namespace betrace::http {

std::string encode_call_message(std::string_view message) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : message.substr(0, kCallMessageBytesMax)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte <= 0x7e && c != '%') {
      out += c;
    } else {
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

std::string encode_call_bytes(std::string_view bytes) {
  std::string text = to_base64(bytes);
  while (text.ends_with('=')) text.pop_back();
  return text;
}

}  // namespace betrace::http
