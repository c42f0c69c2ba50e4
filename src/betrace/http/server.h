// The server: listeners for HTTP/1.1, each with a RouteTable, and for gRPC calls over HTTP/2, each
// with a CallTable, and the threads that serve them.
//
// app/ makes one; everything about a path is in route_table.h and call_table.h, all limits in
// server_limits.h and call_limits.h. Strict: whatever could be read in two ways is answered 400 and
// the connection closed. HTTP/2 is spoken by those who know that it is, on ports of its own. TLS
// is tls.h. Asio stays in the .cc.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "betrace/base/result.h"
#include "betrace/http/call_limits.h"
#include "betrace/http/route_table.h"
#include "betrace/http/server_limits.h"

namespace betrace::http {

/// Usage: listen() once for each port, start(), and later stop(). Not thread-safe, but for port().
class Server {
 public:
  /// `pool_threads` run the handlers of RunOn::Pool. Requires: `observer`, if any, lives longer.
  explicit Server(ServerLimits limits = {}, ServerObserver* observer = nullptr,
                  std::size_t pool_threads = 4);
  /// Stops without grace.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Binds every address of the listener to its port and returns the port; connections queue up
  /// until start(). Error InvalidArgument: not an address. Unavailable: the port is taken, or may
  /// not be bound. Requires: not started.
  [[nodiscard]] Result<std::uint16_t> listen(ListenerOptions options, RouteTable routes);
  /// The same for calls.
  [[nodiscard]] Result<std::uint16_t> listen_for_calls(CallListenerOptions options,
                                                       CallTable methods);

  /// Starts to serve. Requires: not started.
  void start();

  /// Closes the listeners and idle connections, lets requests and calls in flight finish for
  /// `grace`, then cuts them, and joins all threads. A handler that is running is always waited
  /// for.
  void stop(std::chrono::milliseconds grace);

  /// Open connections.
  [[nodiscard]] std::size_t connections() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace betrace::http
