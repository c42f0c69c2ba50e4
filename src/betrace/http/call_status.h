// How a call of the gRPC protocol ended: a code, a message, details; and their text in a trailer.
//
// Handlers return it, the session sends it. Knows no message format: details are bytes to it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "betrace/base/rpc_code.h"

namespace betrace::http {

struct CallStatus {
  RpcCode code = RpcCode::Ok;
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
