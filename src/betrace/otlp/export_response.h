// The bodies that an OTLP receiver answers with, in protobuf or JSON.
//
// Used by the OTLP/HTTP and gRPC doors. Which status belongs to which situation is decided there.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/base/rpc_code.h"
#include "betrace/otlp/read_summary.h"

namespace betrace::otlp {

/// The two forms of every OTLP message.
enum class WireForm : std::uint8_t { Protobuf, Json };

/// google.rpc.BadRequest.FieldViolation
struct FieldViolation {
  std::string field;
  std::string description;
};

/// google.rpc.Status with the two details that OTLP knows.
struct RpcStatus {
  RpcCode code = RpcCode::Internal;
  std::string message;
  std::vector<FieldViolation> field_violations;          ///< Not empty: a BadRequest detail.
  std::optional<std::chrono::milliseconds> retry_delay;  ///< A RetryInfo detail.
};

/// Returns an ExportTraceServiceResponse. `partial_success` is unset (an empty body, `{}`) if
/// nothing was lost; without rejected spans its message is a warning.
[[nodiscard]] std::string export_response(const ReadSummary& summary, WireForm form);

/// Returns a google.rpc.Status; its message is the body of every refusal.
[[nodiscard]] std::string status_body(const RpcStatus& status, WireForm form);

/// Returns the status of a request whose body could not be decoded: InvalidArgument with a
/// BadRequest, or ResourceExhausted for LimitExceeded.
[[nodiscard]] RpcStatus status_of_unreadable(ErrorCode code, std::string_view message);

}  // namespace betrace::otlp
