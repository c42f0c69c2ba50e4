// What a handler gets and what it returns: a request that has passed all checks of the server, and
// a complete response. Used by api/, ingest/ and their tests; knows no socket and no route.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "betrace/http/body_stream.h"
#include "betrace/http/headers.h"

namespace betrace::http {

/// `name=value` pairs of a query, decoded (`+` is a space), in order; names may repeat.
using QueryParameters = std::vector<std::pair<std::string, std::string>>;

/// The id of the API key in an actor such as `key:ops`; empty if it is none.
[[nodiscard]] constexpr std::string_view key_id_of(std::string_view actor) noexcept {
  constexpr std::string_view kPrefix = "key:";
  return actor.starts_with(kPrefix) ? actor.substr(kPrefix.size()) : "";
}

/// Everything of a request but its body.
struct RequestHead {
  std::string method;          ///< As sent, case-sensitive: `GET`.
  std::string target;          ///< As sent: `/v1/rules?limit=10`.
  std::string path;            ///< Percent-decoded once: `/v1/rules`.
  QueryParameters query;       ///< Decoded.
  int version_minor = 1;       ///< HTTP/1.x
  Headers headers;             ///< Values without surrounding white space.
  std::string remote_address;  ///< Without the port: `127.0.0.1`, `::1`.
  bool is_encrypted = false;   ///< Came over TLS.
  /// Subject alternative names of the client's certificate, which was verified; else empty.
  std::vector<std::string> certificate_names;
  std::string request_id;        ///< The client's X-Request-Id, or a generated one.
  std::uint64_t body_bytes = 0;  ///< Content-Length as declared; 0 if absent or chunked.

  /// Who sent it, such as `key:ops`; empty until the authorization hook has filled it in.
  std::string actor;
  /// Fields that the server adds to whatever answers this request; for hooks (X-RateLimit-Limit).
  Headers reply_headers;

  /// Returns the first value of that query parameter.
  [[nodiscard]] std::optional<std::string_view> parameter(std::string_view name) const noexcept;
};

/// A request whose body is complete, of an accepted type, and already inflated. The views are
/// owned by the connection and valid until the handler returns; at least kBodyPaddingBytes of
/// readable zeros follow the body when the server calls the handler.
struct Request {
  const RequestHead& head;
  std::string_view body;
};

/// A complete answer. The server adds Content-Length, Connection, Date, X-Request-Id,
/// Cache-Control: no-store (unless set here), the fields that protect browsers, and gzips the body
/// when the client asks for it (unless Content-Encoding is set here). A field value may hold any
/// bytes: control characters are sent as spaces. Movable.
struct Response {
  int status = 200;
  Headers headers;
  std::string body;
  /// If set it is the body, as long as it lasts, and the connection ends with it.
  std::unique_ptr<BodyStream> stream = nullptr;
  std::string error_code = {};  ///< Of a refusal: its `error.code`, for the observer; else empty.
};

inline constexpr std::string_view kJsonType = "application/json; charset=utf-8";

/// Returns a response with a body of that type.
[[nodiscard]] Response make_response(int status, std::string_view content_type, std::string body);
/// Returns a response with a JSON body.
[[nodiscard]] Response json_response(int status, std::string json);
/// Returns 204, or another status that needs no body, such as 304.
[[nodiscard]] Response empty_response(int status = 204);
/// Returns the standard phrase of a status, such as `Not Found`.
[[nodiscard]] std::string_view reason_phrase(int status) noexcept;

/// Returns the media type without parameters, in the case in which it was sent; empty if there is
/// none: `Application/JSON` of `Application/JSON; charset=utf-8`.
[[nodiscard]] std::string_view media_type(const Headers& headers) noexcept;

}  // namespace betrace::http
