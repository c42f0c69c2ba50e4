// The head of a call: what its header fields say, and which heads are none of a gRPC call.
//
// Filled by the session from the fields of HTTP/2, which has checked their form; read by handlers
// and hooks. Source: gRPC over HTTP/2, Requests.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/http/call_status.h"
#include "betrace/http/headers.h"

namespace betrace::http {

struct CallHead {
  std::string method;          ///< `POST`, or it is no call.
  std::string path;            ///< `/package.Service/Method`, as sent.
  Headers metadata;            ///< All other fields, names in lower case.
  std::string remote_address;  ///< Without the port.
  /// Subject alternative names of the client's certificate, which was verified; else empty.
  std::vector<std::string> certificate_names;
  std::string actor;  ///< Who calls; empty until the authorization hook has filled it in.

  // Set by read_call_head().
  bool is_gzip = false;                             ///< `grpc-encoding`
  std::optional<std::chrono::nanoseconds> timeout;  ///< `grpc-timeout`

  /// Takes one field; `:method` and `:path` are told from the rest.
  void add(std::string_view name, std::string_view value);
};

/// Why a call is not made, and how that looks in HTTP.
struct CallRefusal {
  CallStatus status;
  int http_status = 200;
  bool names_encodings = false;  ///< Add `grpc-accept-encoding`.
};

/// Longest timeout; a longer one is as good as none.
inline constexpr std::chrono::hours kCallTimeoutMax{24 * 365};

/// Sets what depends on the fields, or returns why this is no call that can be made: in this order
/// type (415), method (405), timeout, encoding.
[[nodiscard]] std::optional<CallRefusal> read_call_head(CallHead& head);

/// Returns the time of `grpc-timeout` (one to eight digits and one of `HMSmun`), at most
/// kCallTimeoutMax; nothing if it is malformed.
[[nodiscard]] std::optional<std::chrono::nanoseconds> parse_call_timeout(std::string_view text);

}  // namespace betrace::http
