// What the server needs of a connection, whichever protocol it speaks. Internal: included by
// connection.h and call_connection.h.
#pragma once

#include "betrace/http/asio.h"

namespace betrace::http {

/// Lives on one thread of the server: every function is called there.
class ServedConnection {
 public:
  virtual ~ServedConnection() = default;
  /// Serves until either side ends the connection.
  virtual asio::awaitable<void> serve() = 0;
  /// Ends the connection as soon as what is in flight has been answered.
  virtual void drain() = 0;
  /// Ends the connection now.
  virtual void cut() = 0;
};

}  // namespace betrace::http
