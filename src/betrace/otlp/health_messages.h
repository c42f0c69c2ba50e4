// The two messages of grpc.health.v1, as protobuf.
//
// Used by ingest/health_calls. Source: the gRPC health checking protocol, version 1.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "betrace/base/result.h"

namespace betrace::otlp {

/// grpc.health.v1.HealthCheckResponse.ServingStatus
enum class ServingStatus : std::uint8_t {
  Unknown = 0,
  Serving = 1,
  NotServing = 2,
  ServiceUnknown = 3,  ///< Watch only.
};

/// Returns the name of the service in a HealthCheckRequest; empty: the whole server. The view is
/// into `bytes`. Error InvalidArgument: not such a message.
[[nodiscard]] Result<std::string_view> read_health_request(std::string_view bytes);

/// Returns a HealthCheckRequest.
[[nodiscard]] std::string health_request(std::string_view service);

/// Returns a HealthCheckResponse.
[[nodiscard]] std::string health_response(ServingStatus status);

}  // namespace betrace::otlp
