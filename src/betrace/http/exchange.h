// One request from its head to its response: all checks of the server in their order, the handler,
// and the shape of refusals. Used by the connection, which moves the bytes; knows no socket, so
// that the order of checks is tested without one.
#pragma once

#include <optional>
#include <string_view>

#include "betrace/http/body_buffer.h"
#include "betrace/http/head_reader.h"
#include "betrace/http/route_table.h"
#include "betrace/http/server_limits.h"

namespace betrace::http {

/// What the connections of one listener share. Immutable while they run.
struct Service {
  ListenerOptions options;
  RouteTable routes;
  ServerLimits limits;
  ServerObserver* observer;  ///< Never null.
  BodyBufferPool* bodies;    ///< Never null.
};

/// Used for one request, by one thread at a time.
class Exchange {
 public:
  /// Requires: both live longer; `head` is complete but for what the hooks set.
  Exchange(const Service& service, RequestHead& head) noexcept : service_(service), head_(head) {}

  /// Checks, in this order: host, origin of the page, path, method, credential (of the hook),
  /// query, Accept, type and coding of the body, its declared length, admission. Returns the
  /// refusal, or nothing: then read the body, of at most body_bytes_max() bytes, and call answer().
  [[nodiscard]] std::optional<Response> open(const MessageForm& form);

  /// Inflates the body, calls the handler and compresses what it returns. May block and take long,
  /// unless runs_inline(). Never throws. Requires: open() returned nothing.
  [[nodiscard]] Response answer(BodyBuffer body);

  /// Returns the response of a refusal, in the form of the route or else of the listener. `limit`
  /// is what the observer is told, unless empty. Never throws.
  [[nodiscard]] Response refuse(const Problem& problem, std::string_view limit = {});

  [[nodiscard]] std::size_t body_bytes_max() const noexcept { return route_->body_bytes_max; }
  [[nodiscard]] bool runs_inline() const noexcept { return route_->run == RunOn::Inline; }
  /// The label of the route: its path, or `other`.
  [[nodiscard]] std::string_view route_label() const noexcept;

 private:
  [[nodiscard]] std::optional<Response> check_host();
  [[nodiscard]] std::optional<Response> check_page();
  [[nodiscard]] std::optional<Response> check_route(const MessageForm& form);
  [[nodiscard]] std::optional<Response> check_credential();
  [[nodiscard]] std::optional<Response> check_body(const MessageForm& form);
  [[nodiscard]] std::optional<Response> check_admission();
  [[nodiscard]] std::optional<Response> open_unguarded(const MessageForm& form);
  [[nodiscard]] Response answer_unguarded(BodyBuffer body);
  [[nodiscard]] Response failed(std::string_view what);

  const Service& service_;
  RequestHead& head_;
  const Route* route_ = nullptr;  // that of the request, or of its path if the method is wrong
  bool found_ = false;
  bool gzipped_ = false;
  PathParameters parameters_;
};

/// Returns the label of a method: itself, or `OTHER` if HTTP has no such method.
[[nodiscard]] std::string_view method_label(std::string_view method) noexcept;
/// Returns the refusal of a body that is larger than `bytes_max`.
[[nodiscard]] Problem too_large(std::size_t bytes_max);
/// Returns the refusal of a request that takes too long.
[[nodiscard]] Problem request_timeout(std::string_view message);
/// Returns the refusal of a body whose chunks cannot be told apart.
[[nodiscard]] Problem bad_chunks();
/// Returns the refusal when there is no memory for a body.
[[nodiscard]] Problem no_room_for_body();

}  // namespace betrace::http
