#include "betrace/api/error_body.h"

#include <array>

#include "betrace/http/error_response.h"

namespace betrace::api {
namespace {

struct Row {
  ErrorKind kind;
  std::string_view name;
  int status;
};

constexpr std::array kRows = {
    Row{ErrorKind::InvalidJson, "invalid_json", 400},
    Row{ErrorKind::InvalidYaml, "invalid_yaml", 400},
    Row{ErrorKind::InvalidField, "invalid_field", 400},
    Row{ErrorKind::MissingField, "missing_field", 400},
    Row{ErrorKind::InvalidExpression, "invalid_expression", 400},
    Row{ErrorKind::InvalidParameter, "invalid_parameter", 400},
    Row{ErrorKind::UnknownParameter, "unknown_parameter", 400},
    Row{ErrorKind::IdMismatch, "id_mismatch", 400},
    Row{ErrorKind::InvalidCursor, "invalid_cursor", 400},
    Row{ErrorKind::NoValidSpan, "no_valid_span", 400},
    Row{ErrorKind::NotFound, "not_found", 404},
    Row{ErrorKind::RuleNotFound, "rule_not_found", 404},
    Row{ErrorKind::ViolationNotFound, "violation_not_found", 404},
    Row{ErrorKind::MethodNotAllowed, "method_not_allowed", 405},
    Row{ErrorKind::NotAcceptable, "not_acceptable", 406},
    Row{ErrorKind::RequestTimeout, "request_timeout", 408},
    Row{ErrorKind::RuleExists, "rule_exists", 409},
    Row{ErrorKind::RuleLimitReached, "rule_limit_reached", 409},
    Row{ErrorKind::RulesReadOnly, "rules_read_only", 409},
    Row{ErrorKind::ImportConflict, "import_conflict", 409},
    Row{ErrorKind::PreconditionFailed, "precondition_failed", 412},
    Row{ErrorKind::PayloadTooLarge, "payload_too_large", 413},
    Row{ErrorKind::UnsupportedMediaType, "unsupported_media_type", 415},
    Row{ErrorKind::HeadersTooLarge, "headers_too_large", 431},
    Row{ErrorKind::RateLimited, "rate_limited", 429},
    Row{ErrorKind::Internal, "internal", 500},
    Row{ErrorKind::Overloaded, "overloaded", 503},
    Row{ErrorKind::StorageUnavailable, "storage_unavailable", 503},
    Row{ErrorKind::StorageUncertain, "storage_uncertain", 503},
    Row{ErrorKind::Starting, "starting", 503},
    Row{ErrorKind::ShuttingDown, "shutting_down", 503},
};

const Row& row_of(ErrorKind kind) noexcept { return kRows[static_cast<std::size_t>(kind)]; }

constexpr bool rows_are_in_order() {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (static_cast<std::size_t>(kRows[i].kind) != i) return false;
  }
  return true;
}
static_assert(rows_are_in_order());

ErrorKind kind_of(ErrorCode code) {
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
  return refuse(kind_of(error.code), error.message).value();
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

std::string dump(const OrderedJson& value) {
  return value.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

}  // namespace betrace::api
