// A body that is made while it is sent: what a handler returns instead of a whole one.
//
// The connection asks for pieces and sends them in chunks, so that a reader who is slow holds up
// nothing but the pieces that it has not asked for yet. Knows no socket.
//
// Two kinds: an endless one (violations as they come), and one with an end that it must reach (an
// archive), which may read the disk for each piece.
#pragma once

#include <cstdint>
#include <string>

#include "betrace/base/time.h"

namespace betrace::http {

/// Owned by one response. Ended by being destroyed: when it has given its last piece, when the
/// client is gone or took nothing for too long, or when the server stops.
class BodyStream {
 public:
  enum class Kind : std::uint8_t {
    /// next() is called on the thread of the connection: it must not block or take long. The server
    /// may end the body in order at any piece.
    Endless,
    /// next() is called on a thread for requests, and may take as long as one. A body that ends
    /// before its last piece is cut off: the client sees that it is not whole.
    Whole,
  };
  struct Piece {
    std::string bytes;  ///< Empty: there is nothing to send now.
    bool is_last = false;
    bool is_broken = false;  ///< There is no more, though it is not whole.
  };

  virtual ~BodyStream() = default;

  [[nodiscard]] virtual Kind kind() const noexcept { return Kind::Endless; }
  /// Returns what follows. Asked again when that is sent. Where there is nothing, an endless one is
  /// asked some times a second, a whole one at once. Must not throw.
  [[nodiscard]] virtual Piece next(MonotonicTime now) = 0;
};

}  // namespace betrace::http
