#include "betrace/http/message_frame.h"

namespace betrace::http {

bool MessagePrefixReader::take(std::string_view& bytes) noexcept {
  while (count_ < kMessagePrefixBytes && !bytes.empty()) {
    bytes_[count_++] = static_cast<std::uint8_t>(bytes.front());
    bytes.remove_prefix(1);
  }
  return is_complete();
}

std::uint32_t MessagePrefixReader::length() const noexcept {
  return std::uint32_t{bytes_[1]} << 24 | std::uint32_t{bytes_[2]} << 16 |
         std::uint32_t{bytes_[3]} << 8 | std::uint32_t{bytes_[4]};
}

std::string message_frame(std::string_view message, bool is_compressed) {
  const auto size = static_cast<std::uint32_t>(message.size());
  std::string frame;
  frame.reserve(kMessagePrefixBytes + message.size());
  frame += is_compressed ? '\1' : '\0';
  for (const int shift : {24, 16, 8, 0}) frame += static_cast<char>(size >> shift & 0xff);
  frame += message;
  return frame;
}

}  // namespace betrace::http
