// Reads the head of a request, strictly: what could be read in two ways is refused.
//
// Used by the connection; pure, so that it is fuzzed and tested without a socket. Does not look at
// bodies (chunk_decoder.h) nor at what a path means (route_table.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "betrace/http/message.h"

namespace betrace::http {

/// See ServerLimits.
struct HeadLimits {
  std::size_t headers = 64;
  std::size_t header_bytes = 16 * 1024;
  std::size_t line_bytes = 8 * 1024;
};

/// Why a head was refused; the connection must be closed after the answer.
struct HeadRefusal {
  int status = 400;                      ///< 400 or 431
  std::string_view limit = "malformed";  ///< Or `headers`, `header_bytes`, `line_bytes`.
  std::string_view message;              ///< Static storage.
};

/// How the end of a body is found.
enum class BodyFraming : std::uint8_t { None, Length, Chunked };

/// What a head says about its message, besides the RequestHead.
struct MessageForm {
  BodyFraming framing = BodyFraming::None;
  bool keep_alive = true;
  bool expects_continue = false;
  bool path_is_legal = true;   ///< False: answer 404, RequestHead::path is empty.
  bool query_is_legal = true;  ///< False: answer 400 `invalid_parameter`.
};

/// Finds the end of one head in bytes that come in pieces, then reads it. One per connection.
class HeadReader {
 public:
  enum class Progress : std::uint8_t { NeedMore, Complete, Refused };

  explicit HeadReader(HeadLimits limits) noexcept : limits_(limits) {}

  /// Looks at all bytes received since reset(), but not again at complete lines. Complete: the
  /// head ends at head_bytes(). Refused: see refusal().
  [[nodiscard]] Progress advance(std::string_view received) noexcept;
  /// Fills `head` (but for its address, id and hooks' fields) and `form`; false: see refusal(), and
  /// `head` holds what could be read. Requires: advance() said Complete for `received`.
  [[nodiscard]] bool read(std::string_view received, RequestHead* head, MessageForm* form);
  /// Starts over with the next request.
  void reset() noexcept;

  [[nodiscard]] std::size_t head_bytes() const noexcept { return scanned_; }
  [[nodiscard]] const HeadRefusal& refusal() const noexcept { return refusal_; }

 private:
  Progress refuse(int status, std::string_view limit, std::string_view message) noexcept;
  [[nodiscard]] bool end_line(std::size_t size) noexcept;

  HeadLimits limits_;
  HeadRefusal refusal_;
  std::size_t scanned_ = 0;      // bytes of complete lines
  std::size_t lines_ = 0;        // complete lines, the request line included
  std::size_t lines_begin_ = 0;  // where the request line begins
};

/// True if `text` may be the value of Host: a name, an address or `[v6]`, with or without a port.
[[nodiscard]] bool is_host(std::string_view text) noexcept;

/// Returns a legal host without its port and without brackets, in lower case.
[[nodiscard]] std::string host_name(std::string_view host);

/// True if the byte may stand in a token, such as a field's name. Source: RFC 9110 5.6.2.
[[nodiscard]] bool is_token_character(char character) noexcept;

/// True if a list such as Connection has that element, in any case.
[[nodiscard]] bool list_contains(std::string_view list, std::string_view element) noexcept;

}  // namespace betrace::http
