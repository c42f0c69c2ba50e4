// The five bytes before each message of a call: a flag and a big-endian length.
//
// Used by the call exchange, its client tests, and nobody else. Source: gRPC over HTTP/2,
// Length-Prefixed-Message.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace betrace::http {

inline constexpr std::size_t kMessagePrefixBytes = 5;

/// Collects a prefix that may come in pieces.
class MessagePrefixReader {
 public:
  /// Takes what is missing from the front of `bytes`; true once the prefix is complete.
  bool take(std::string_view& bytes) noexcept;

  [[nodiscard]] bool is_complete() const noexcept { return count_ == kMessagePrefixBytes; }
  [[nodiscard]] bool is_empty() const noexcept { return count_ == 0; }
  /// 0: plain, 1: compressed, others: malformed. Requires: complete.
  [[nodiscard]] std::uint8_t flag() const noexcept { return bytes_[0]; }
  /// Bytes of the message, as sent. Requires: complete.
  [[nodiscard]] std::uint32_t length() const noexcept;

 private:
  std::array<std::uint8_t, kMessagePrefixBytes> bytes_{};
  std::size_t count_ = 0;
};

/// Returns prefix and message.
[[nodiscard]] std::string message_frame(std::string_view message, bool is_compressed = false);

}  // namespace betrace::http
