// How a call of the gRPC protocol ended: a code, a message, details; and their text in a trailer.
//
// Handlers return it, the session sends it. Knows no message format: details are bytes to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace betrace::http {

/// The canonical codes. Source: google.rpc.Code. Never renumber.
enum class CallCode : std::uint8_t {
  Ok = 0,
  Cancelled = 1,
  Unknown = 2,
  InvalidArgument = 3,
  DeadlineExceeded = 4,
  NotFound = 5,
  AlreadyExists = 6,
  PermissionDenied = 7,
  ResourceExhausted = 8,
  FailedPrecondition = 9,
  Aborted = 10,
  OutOfRange = 11,
  Unimplemented = 12,
  Internal = 13,
  Unavailable = 14,
  DataLoss = 15,
  Unauthenticated = 16,
};

/// `OK` `CANCELLED` ...: label `code` of the metrics.
[[nodiscard]] std::string_view name_of(CallCode code) noexcept;

struct CallStatus {
  CallCode code = CallCode::Ok;
  std::string message;  ///< For people; any bytes.
  std::string details;  ///< A serialised google.rpc.Status, for grpc-status-details-bin; or empty.
};

/// Longer messages are cut: a trailer must not be refused by its receiver.
inline constexpr std::size_t kCallMessageBytesMax = 1024;

/// Returns the value of `grpc-message`. Source: gRPC over HTTP/2, Percent-Encoded.
[[nodiscard]] std::string encode_call_message(std::string_view message);
/// Returns the value of a `-bin` field: base64 without padding.
[[nodiscard]] std::string encode_call_bytes(std::string_view bytes);

}  // namespace betrace::http
