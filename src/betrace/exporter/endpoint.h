// Where violations are sent, as the settings write it: address, headers, attributes.
//
// Pure functions from text to values; app/ reports their errors before anything starts. Source:
// docs/guide/configuration.md; OpenTelemetry, "OTLP exporter configuration".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "betrace/base/result.h"

namespace betrace::exporter {

enum class Protocol : std::uint8_t { Grpc, HttpProtobuf, Json };

struct Endpoint {
  std::string url;   ///< Whole, with port and path: `http://tempo:4318/v1/traces`.
  std::string host;  ///< `tempo`, `::1`
  std::uint16_t port = 0;
  bool is_tls = false;
};

/// How to understand an address.
struct EndpointForm {
  Protocol protocol = Protocol::Grpc;
  bool is_plain = true;   ///< Plain text if the address has no scheme.
  bool is_whole = false;  ///< Its path is used as written (`..._TRACES_ENDPOINT`), a query too.
  std::string_view path = "/v1/traces";  ///< What is added to its path otherwise.
};

/// Reads `tempo:4317`, `[::1]:4317`, `http://tempo`, `https://tempo/prefix`. Error InvalidArgument:
/// another scheme, a user, a query (unless the path is used as written), a fragment, white space, a
/// port that is none, or a path with gRPC.
[[nodiscard]] Result<Endpoint> read_endpoint(std::string_view text, const EndpointForm& form);

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// Reads `k1=v1,k2=v2` with percent-encoded values. Error InvalidArgument, never quoting a value: a
/// pair without `=` or without a key, or bad percent-encoding. Source: W3C Baggage.
[[nodiscard]] Result<Pairs> read_pairs(std::string_view text);

/// The same for headers, with names in lower case. Error also: a name that is none or that the
/// protocol sets itself, or a value with control characters.
[[nodiscard]] Result<Pairs> read_headers(std::string_view text);

}  // namespace betrace::exporter
