// A body that is made while it is sent: what a handler returns instead of a whole one.
//
// The connection asks for pieces and sends them in chunks, so that a reader who is slow holds up
// nothing but the pieces that it has not asked for yet. Knows no socket.
#pragma once

#include <string>

#include "betrace/base/time.h"

namespace betrace::http {

/// Owned by one response. Ended by being destroyed: when it has given its last piece, when the
/// client is gone or took nothing for too long, or when the server stops.
class BodyStream {
 public:
  struct Piece {
    std::string bytes;  ///< Empty: there is nothing to send now.
    bool is_last = false;
  };

  virtual ~BodyStream() = default;

  /// Returns what follows. Asked again when that is sent, and some times a second while there is
  /// nothing. Called on the thread of the connection: must not block, take long, or throw.
  [[nodiscard]] virtual Piece next(MonotonicTime now) = 0;
};

}  // namespace betrace::http
