#include "betrace/api/error_body.h"

#include <array>

#include "betrace/http/error_response.h"

namespace betrace::api {
namespace {

struct ErrorRow {
  ErrorKind kind;
  std::string_view name;
  int status;
};

constexpr std::array kErrorRows = {
    ErrorRow{ErrorKind::InvalidJson, "invalid_json", 400},
    ErrorRow{ErrorKind::InvalidYaml, "invalid_yaml", 400},
    ErrorRow{ErrorKind::InvalidField, "invalid_field", 400},
    ErrorRow{ErrorKind::MissingField, "missing_field", 400},
    ErrorRow{ErrorKind::InvalidExpression, "invalid_expression", 400},
    ErrorRow{ErrorKind::InvalidParameter, "invalid_parameter", 400},
    ErrorRow{ErrorKind::UnknownParameter, "unknown_parameter", 400},
    ErrorRow{ErrorKind::IdMismatch, "id_mismatch", 400},
    ErrorRow{ErrorKind::InvalidCursor, "invalid_cursor", 400},
    ErrorRow{ErrorKind::NoValidSpan, "no_valid_span", 400},
    ErrorRow{ErrorKind::NotFound, "not_found", 404},
    ErrorRow{ErrorKind::RuleNotFound, "rule_not_found", 404},
    ErrorRow{ErrorKind::ViolationNotFound, "violation_not_found", 404},
    ErrorRow{ErrorKind::MethodNotAllowed, "method_not_allowed", 405},
    ErrorRow{ErrorKind::NotAcceptable, "not_acceptable", 406},
    ErrorRow{ErrorKind::RequestTimeout, "request_timeout", 408},
    ErrorRow{ErrorKind::RuleExists, "rule_exists", 409},
    ErrorRow{ErrorKind::RuleLimitReached, "rule_limit_reached", 409},
    ErrorRow{ErrorKind::RulesReadOnly, "rules_read_only", 409},
    ErrorRow{ErrorKind::ImportConflict, "import_conflict", 409},
    ErrorRow{ErrorKind::PreconditionFailed, "precondition_failed", 412},
    ErrorRow{ErrorKind::PayloadTooLarge, "payload_too_large", 413},
    ErrorRow{ErrorKind::UnsupportedMediaType, "unsupported_media_type", 415},
    ErrorRow{ErrorKind::HeadersTooLarge, "headers_too_large", 431},
    ErrorRow{ErrorKind::RateLimited, "rate_limited", 429},
    ErrorRow{ErrorKind::Internal, "internal", 500},
    ErrorRow{ErrorKind::Overloaded, "overloaded", 503},
    ErrorRow{ErrorKind::StorageUnavailable, "storage_unavailable", 503},
    ErrorRow{ErrorKind::StorageUncertain, "storage_uncertain", 503},
    ErrorRow{ErrorKind::Starting, "starting", 503},
    ErrorRow{ErrorKind::ShuttingDown, "shutting_down", 503},
    ErrorRow{ErrorKind::TooManyStreams, "too_many_streams", 503},
};

const ErrorRow& row_of(ErrorKind kind) noexcept {
  return kErrorRows[static_cast<std::size_t>(kind)];
}

constexpr bool rows_are_in_order() {
  for (std::size_t i = 0; i < kErrorRows.size(); ++i) {
    if (static_cast<std::size_t>(kErrorRows[i].kind) != i) return false;
  }
  return true;
}
static_assert(rows_are_in_order());

ErrorKind error_kind_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::InvalidArgument:
    case ErrorCode::Unsupported:
      return ErrorKind::InvalidField;
    case ErrorCode::NotFound:
      return ErrorKind::NotFound;
    case ErrorCode::AlreadyExists:
      return ErrorKind::RuleExists;
    case ErrorCode::FailedPrecondition:
      return ErrorKind::PreconditionFailed;
    case ErrorCode::LimitExceeded:
      return ErrorKind::PayloadTooLarge;
    case ErrorCode::Unavailable:
      return ErrorKind::Overloaded;
    case ErrorCode::StorageFailed:
    case ErrorCode::Corrupt:
      return ErrorKind::StorageUnavailable;
    case ErrorCode::StorageUncertain:
      return ErrorKind::StorageUncertain;
    case ErrorCode::Internal:
      return ErrorKind::Internal;
  }
  return ErrorKind::Internal;
}

}  // namespace

std::string_view name_of(ErrorKind kind) noexcept { return row_of(kind).name; }

int status_of(ErrorKind kind) noexcept { return row_of(kind).status; }

tl::unexpected<ApiError> refuse(ErrorKind kind, std::string message) {
  ApiError error;
  error.kind = kind;
  error.message = std::move(message);
  if (status_of(kind) == 503 || status_of(kind) == 429) error.retry_after = 1;
  return tl::unexpected<ApiError>(std::move(error));
}

tl::unexpected<ApiError> refuse(ApiError error) {
  return tl::unexpected<ApiError>(std::move(error));
}

ApiError to_api_error(const Error& error) {
  return refuse(error_kind_of(error.code), error.message).value();
}

http::Response error_response(const ApiError& error, const http::RequestHead& head) {
  http::Problem problem;
  problem.status = status_of(error.kind);
  problem.code = name_of(error.kind);
  problem.message = error.message;
  problem.retry_after = error.retry_after;
  problem.details_json = dump(error.details);
  return http::json_error(problem, head);
}

}  // namespace betrace::api
