// The limits of a server and what it tells about itself: options, hooks, one record per request.
//
// app/ fills them from the configuration and ties the observer to metrics and the access log.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/http/call_head.h"
#include "betrace/http/message.h"
#include "betrace/http/route_table.h"
#include "betrace/http/tls.h"

namespace betrace::http {

/// Limits of one server, all listeners together. Names as in `limits.*` of the configuration.
struct ServerLimits {
  std::chrono::milliseconds header_time{10'000};  ///< First byte to end of head; over it 408.
  std::chrono::milliseconds body_time{30'000};    ///< A whole body; over it 408.
  std::chrono::milliseconds tls_time{10'000};     ///< A TLS handshake; then close.
  std::chrono::milliseconds idle_time{120'000};   ///< Between two requests; then close.
  /// First byte to the start of the handler; over it 408, and the handler is never started. What
  /// has begun is finished: a change that is cut off has an unknown outcome.
  std::chrono::milliseconds request_time{30'000};
  /// A body must have brought `min_rate` bytes for each second after the first `rate_grace`; else
  /// 408. A client must take its response at the same rate after the first `body_time`; else close.
  std::size_t min_rate = 1024;
  std::chrono::milliseconds rate_grace{5'000};
  std::size_t headers = 64;              ///< Fields of one head; over it 431.
  std::size_t header_bytes = 16 * 1024;  ///< A whole head; over it 431.
  std::size_t line_bytes = 8 * 1024;     ///< A request line or one field; over it 431.
  std::size_t connections = 1'000;       ///< Open at once; further ones are closed unanswered.
  std::size_t connections_per_ip = 0;    ///< The same for one address; 0 = off.
  std::size_t inflate_ratio = 200;       ///< Of a gzipped body, after its first MiB; over it 413.
  std::size_t bodies_bytes = 256 * 1024 * 1024;  ///< All bodies in memory; over it 503.
};

/// A request that has been answered (or could not be: the client was gone).
struct FinishedRequest {
  std::string_view method;  ///< One of the methods of HTTP, else `OTHER`.
  std::string_view route;   ///< Path of the row, such as `/v1/rules/{id}`; `other` if none.
  int status = 0;
  double seconds = 0;  ///< From the first byte of the head to the last of the response.
  std::uint64_t request_bytes = 0;   ///< Of the body, as sent.
  std::uint64_t response_bytes = 0;  ///< Of the body, as sent.
  std::string_view error_code;       ///< `forbidden`, ...; empty unless it was refused.
  bool is_stream = false;            ///< The body was made while it was sent.
  const RequestHead& head;
};

/// A call that has been answered, or was given up by its caller (CANCELLED).
struct FinishedCall {
  std::string_view method;  ///< Label of the row, such as `Export`; `other` if none.
  std::string_view code;    ///< `OK`, `UNAVAILABLE`, ...
  double seconds = 0;       ///< From the first byte of the head to the reply.
  const CallHead& head;
};

/// A call whose caller has not the role for it, or has failed to prove it too often.
struct DeniedCall {
  std::string_view path;  ///< Of a method that there is.
  RpcCode code;
  const CallHead& head;
};

/// Is told what happens. Each function may be called by any thread of the server and must not
/// block, throw or call the server.
class ServerObserver {
 public:
  virtual ~ServerObserver() = default;
  virtual void request_finished(const FinishedRequest&) {}
  /// A handler or hook threw `what`; the client got 500.
  virtual void handler_failed(const RequestHead&, std::string_view /*what*/) {}
  /// `limit` is `connections` or `connections_per_ip`.
  virtual void connection_refused(std::string_view /*limit*/) {}
  /// `phase` is `header`, `body`, `request`, `idle`, `write` or `tls`.
  virtual void timed_out(std::string_view /*phase*/) {}
  /// A request was refused at a limit: `headers`, `header_bytes`, `line_bytes`, `body` (the route's
  /// body_bytes_max), `inflate_ratio`, `bodies_bytes`; or `malformed`.
  virtual void refused(std::string_view /*limit*/, const RequestHead&) {}
  virtual void call_finished(const FinishedCall&) {}
  /// The authorization hook has refused; call_finished() follows.
  virtual void call_denied(const DeniedCall&) {}
  /// The handler of that path threw `what`; the caller got INTERNAL.
  virtual void call_failed(std::string_view /*path*/, std::string_view /*what*/) {}
  /// A call was refused at a limit: `headers`, `header_bytes`, `line_bytes`, `grpc_message`,
  /// `inflate_ratio`, `bodies_bytes`; or `malformed`.
  virtual void call_refused(std::string_view /*limit*/) {}
  /// A connection of HTTP/2 was ended because of how its peer used it; `kind` as in h2_abuse.h.
  virtual void h2_abused(std::string_view /*kind*/) {}
};

/// May refuse a request once its path and method are known and before its body is read: proves the
/// role, draws from the rate bucket. May set head.actor and head.reply_headers (WWW-Authenticate).
/// `route` is null if no row has this path; nothing returned then lets the server answer 404. Runs
/// on the thread of the connection and must not block. Thread-safe.
using Authorization = std::function<std::optional<Problem>(RequestHead& head, const Route* route)>;

/// One port with its table.
struct ListenerOptions {
  std::vector<std::string> addresses{"127.0.0.1"};  ///< IPv4 or IPv6 literals.
  std::uint16_t port = 0;                           ///< 0: the system picks one.
  std::size_t threads = 1;  ///< Threads of its own for connections and Inline handlers.
  ErrorFormat error_format = json_error;  ///< Where no route is known or names one.
  Authorization authorize = {};           ///< Empty: everyone may do everything.
  /// If set, the Host of a request must be localhost, a loopback address or one of these names
  /// (without port); else 403. For loopback binds: stops DNS rebinding.
  std::optional<std::vector<std::string>> hosts = std::nullopt;
  std::vector<std::string> cors_origins = {};  ///< Exact origins that pages may call from.
  std::string key_header = "X-API-Key";        ///< Told to the browsers of those pages.
  std::shared_ptr<TlsFiles> tls = nullptr;     ///< Null: plain text.
};

}  // namespace betrace::http
