// Takes a chunked body apart, strictly: any doubt about a length is an error.
//
// Used by the connection; pure, so that it is fuzzed and tested without a socket. Keeps no bytes:
// it says which of the caller's are the body. Source: RFC 9112 section 7.1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace betrace::http {

/// Reads the chunks of one body from bytes that come in pieces.
class ChunkDecoder {
 public:
  enum class Status : std::uint8_t { NeedMore, Complete, Malformed };

  /// What was found at the front of the input.
  struct Step {
    Status status = Status::NeedMore;
    std::size_t used = 0;   ///< Bytes of the input that are done with.
    std::string_view data;  ///< The part of them that belongs to the body.
  };

  /// Longest line of a chunk's size with its extensions, and all lines and trailers of a body.
  static constexpr std::size_t kLineBytesMax = 256;
  static constexpr std::size_t kOverheadBytesMax = 16 * 1024;

  /// Call again with what follows until the status is not NeedMore, or nothing was used. Extensions
  /// and trailers are skipped. Malformed: a size that is no hexadecimal number of at most eight
  /// digits, a line that does not end in CR LF or is too long, or too many lines for their content.
  [[nodiscard]] Step next(std::string_view input) noexcept;

 private:
  enum class State : std::uint8_t { Size, Data, DataEnd, Trailer, Done };

  [[nodiscard]] Step read_size(std::string_view input) noexcept;
  [[nodiscard]] Step read_data(std::string_view input) noexcept;
  [[nodiscard]] Step read_data_end(std::string_view input) noexcept;
  [[nodiscard]] Step read_trailer(std::string_view input) noexcept;
  [[nodiscard]] bool overspent(std::size_t bytes) noexcept;

  State state_ = State::Size;
  std::size_t left_ = 0;      // of the current chunk
  std::size_t overhead_ = 0;  // extensions and trailers seen so far
};

}  // namespace betrace::http
