// The errors of the REST API: which codes exist, their statuses, and how one becomes a response.
//
// Every handler fails by returning an ApiError. The shape of the body is http/error_response.h's;
// OTLP paths answer in a form of their own and do not use this. Source: docs/guide/api.md,
// "Errors".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "betrace/base/json.h"
#include "betrace/base/result.h"
#include "betrace/http/message.h"

namespace betrace::api {

/// Codes of an error body. Their names and statuses never change.
enum class ErrorKind : std::uint8_t {
  InvalidJson,
  InvalidYaml,
  InvalidField,
  MissingField,
  InvalidExpression,
  InvalidParameter,
  UnknownParameter,
  IdMismatch,
  InvalidCursor,
  NoValidSpan,
  NotFound,
  RuleNotFound,
  ViolationNotFound,
  MethodNotAllowed,
  NotAcceptable,
  RequestTimeout,
  RuleExists,
  RuleLimitReached,
  RulesReadOnly,
  ImportConflict,
  PreconditionFailed,
  PayloadTooLarge,
  UnsupportedMediaType,
  HeadersTooLarge,
  RateLimited,
  Internal,
  Overloaded,
  StorageUnavailable,
  StorageUncertain,
  Starting,
  ShuttingDown,
  TooManyStreams,
};

/// `invalid_json`, ...
[[nodiscard]] std::string_view name_of(ErrorKind kind) noexcept;

/// The HTTP status that goes with the code.
[[nodiscard]] int status_of(ErrorKind kind) noexcept;

/// A request that is answered with an error. `message` may quote input only as quote_excerpt()
/// does.
struct ApiError {
  ErrorKind kind = ErrorKind::Internal;
  std::string message;
  OrderedJson details = OrderedJson::object();
  std::optional<std::uint32_t> retry_after = {};  ///< Seconds; with 429 and 503 only.
};

template <typename T>
using Reply = tl::expected<T, ApiError>;

/// Returns the failure, ready to be returned from a function with a Reply of any type. 503 asks to
/// come back after a second.
[[nodiscard]] tl::unexpected<ApiError> refuse(ErrorKind kind, std::string message);
[[nodiscard]] tl::unexpected<ApiError> refuse(ApiError error);

/// Returns the error of a module below: storage trouble and overload are 503, never 500.
[[nodiscard]] ApiError to_api_error(const Error& error);

/// Returns the response: the one error body, and Retry-After where it is set.
[[nodiscard]] http::Response error_response(const ApiError& error, const http::RequestHead& head);

}  // namespace betrace::api
