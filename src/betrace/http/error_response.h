// How a refusal becomes a response. REST paths answer the JSON error body, OTLP paths a
// google.rpc.Status (ingest/): therefore a route, or else its listener, names the function.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "betrace/http/message.h"

namespace betrace::http {

/// A refusal or a failure, before it has a shape. Source: the error table of docs, `error.code`.
struct Problem {
  int status = 500;
  std::string code = "internal";  ///< Such as `not_found`.
  std::string message;            ///< One clause; quotes at most 40 characters of input, escaped.
  std::optional<std::uint32_t> retry_after = std::nullopt;  ///< Seconds, on 429 and 503.
  std::string details_json = "{}";                          ///< A JSON object.
};

/// Turns a problem into a response. Called for problems of the server too, where `head` may hold
/// only what could be read. Thread-safe, must not throw.
using ErrorFormat = std::function<Response(const Problem&, const RequestHead& head)>;

/// Returns the error body of all paths but the OTLP ones, with Retry-After where it is set:
/// `{"error":{"code","message","details","request_id","retry_after"},"message"}`.
[[nodiscard]] Response json_error(const Problem& problem, const RequestHead& head);

}  // namespace betrace::http
