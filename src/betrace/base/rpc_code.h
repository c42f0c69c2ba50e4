// How a remote call ended, in the words of gRPC.
#pragma once

#include <cstdint>
#include <string_view>

namespace betrace {

/// The canonical codes. Source: google.rpc.Code. Never renumber.
enum class RpcCode : std::uint8_t {
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
[[nodiscard]] std::string_view name_of(RpcCode code) noexcept;

}  // namespace betrace
