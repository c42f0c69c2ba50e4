// One connection over which the load is sent. A door of the server is one implementation.
//
// http_transport.cc speaks OTLP/HTTP, grpc_transport.cc OTLP/gRPC. Used by load.h, one transport
// for each connection.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "betrace/base/result.h"
#include "betrace/bench/id_spots.h"

namespace betrace::bench {

/// Where the load goes: `http://HOST:PORT` or `grpc://HOST:PORT`.
struct Target {
  std::string scheme;
  std::string host;
  std::uint16_t port = 0;
};

/// Error InvalidArgument: not `SCHEME://HOST:PORT`.
[[nodiscard]] Result<Target> parse_target(std::string_view text);
[[nodiscard]] std::string text_of(const Target& target);

/// How a request was answered.
enum class Answer : std::uint8_t {
  Accepted,
  Refused,  ///< To be sent again later: nothing of it was taken.
};

struct TransportOptions {
  Target target;
  Encoding encoding = Encoding::Protobuf;
  bool is_gzipped = false;  ///< The bodies are.
};

/// Not thread-safe.
class Transport {
 public:
  virtual ~Transport() = default;

  /// Sends one request and waits for its answer. Error Unavailable: the connection broke, and
  /// nobody knows whether the spans were taken. Corrupt: the answer is of no kind that an accepted
  /// request of valid spans gets, for instance because some were rejected.
  [[nodiscard]] virtual Result<Answer> exchange(std::string_view body) = 0;
};

/// Makes a transport for the scheme of the target. Error Unsupported: there is none.
[[nodiscard]] Result<std::unique_ptr<Transport>> open_transport(const TransportOptions& options);

/// OTLP/HTTP.
[[nodiscard]] std::unique_ptr<Transport> open_http_transport(const TransportOptions& options);
/// OTLP/gRPC: one call at a time. Requires: the encoding is protobuf.
[[nodiscard]] std::unique_ptr<Transport> open_grpc_transport(const TransportOptions& options);

}  // namespace betrace::bench
