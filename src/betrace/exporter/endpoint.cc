#include "betrace/exporter/endpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "betrace/base/hex.h"
#include "betrace/http/headers.h"

namespace betrace::exporter {
namespace {

constexpr std::string_view kGrpcPath =
    "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

// Headers that the exporter writes itself, or that would change what is sent.
constexpr std::array<std::string_view, 9> kReserved = {"connection",
                                                       "content-encoding",
                                                       "content-length",
                                                       "content-type",
                                                       "expect",
                                                       "host",
                                                       "transfer-encoding",
                                                       "te",
                                                       "upgrade"};

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

bool is_name_character(char c) {
  constexpr std::string_view kSigns = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
         kSigns.find(c) != std::string_view::npos;
}

std::uint16_t default_port(Protocol protocol, bool is_tls_by_scheme) {
  if (protocol == Protocol::Grpc) return 4317;
  if (is_tls_by_scheme) return 443;
  return protocol == Protocol::Json ? 80 : 4318;
}

Result<void> read_authority(std::string_view text, Endpoint* endpoint) {
  if (text.find('@') != std::string_view::npos) {
    return fail_invalid("holds a user; credentials belong into headers");
  }
  std::size_t host_end = text.find(':');
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return fail_invalid("has a '[' without ']'");
    endpoint->host = text.substr(1, close - 1);
    host_end = close + 1 == text.size() ? std::string_view::npos : close + 1;
    if (host_end != std::string_view::npos && text[host_end] != ':') {
      return fail_invalid("has something between ']' and the port");
    }
  } else {
    endpoint->host = text.substr(0, host_end);
  }
  if (endpoint->host.empty()) return fail_invalid("names no host");
  if (host_end == std::string_view::npos) return {};
  const std::string_view port = text.substr(host_end + 1);
  const char* const end = port.data() + port.size();
  const auto [at, error] = std::from_chars(port.data(), end, endpoint->port);
  if (error == std::errc() && at == end && endpoint->port != 0) return {};
  return fail_invalid("has a port that is not a number from 1 to 65535");
}

Result<std::string> path_of(std::string_view path, const EndpointForm& form) {
  if (form.protocol == Protocol::Grpc) {
    if (path.empty() || path == "/") return std::string(kGrpcPath);
    return fail_invalid("has a path, which gRPC cannot use; otlp.protocol is grpc");
  }
  if (form.is_whole) return fmt::format("{}{}", path.starts_with('/') ? "" : "/", path);
  while (path.ends_with('/')) path.remove_suffix(1);
  return fmt::format("{}{}", path, form.path);
}

Result<std::string> decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      plain += text[i];
      continue;
    }
    std::array<std::uint8_t, 1> byte{};
    if (!from_hex(text.substr(i + 1, 2), byte)) return fail_invalid("has a '%' without two digits");
    plain += static_cast<char>(byte[0]);
    i += 2;
  }
  return plain;
}

}  // namespace

Result<Endpoint> read_endpoint(std::string_view text, const EndpointForm& form) {
  const auto is_wrong = [](char c) { return is_control(c) || c == ' '; };
  if (std::ranges::any_of(text, is_wrong)) return fail_invalid("holds white space");
  if (text.find_first_of(form.is_whole ? "#" : "?#") != std::string_view::npos) {
    return fail_invalid("holds a query or a fragment");
  }
  Endpoint endpoint;
  const std::size_t colon = text.find("://");
  const bool has_scheme = colon != std::string_view::npos;
  if (has_scheme) {
    const std::string_view scheme = text.substr(0, colon);
    endpoint.is_tls = http::equal_ignoring_case(scheme, "https");
    if (!endpoint.is_tls && !http::equal_ignoring_case(scheme, "http")) {
      return fail_invalid("has a scheme that is neither http nor https");
    }
    text.remove_prefix(colon + 3);
  } else {
    endpoint.is_tls = !form.is_plain;
  }
  const std::string_view authority = text.substr(0, text.find_first_of("/?"));
  if (auto read = read_authority(authority, &endpoint); !read) return fail(read.error());
  const auto path = path_of(text.substr(authority.size()), form);
  if (!path) return fail(path.error());
  if (endpoint.port == 0) {
    endpoint.port = default_port(form.protocol, has_scheme && endpoint.is_tls);
  }
  const bool is_v6 = endpoint.host.find(':') != std::string::npos;
  endpoint.url =
      fmt::format("{}://{}:{}{}", endpoint.is_tls ? "https" : "http",
                  is_v6 ? "[" + endpoint.host + "]" : endpoint.host, endpoint.port, *path);
  return endpoint;
}

Result<Pairs> read_pairs(std::string_view text) {
  Pairs pairs;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    if (http::trimmed(pair).empty()) continue;
    const std::size_t equals = pair.find('=');
    const std::string_view key = http::trimmed(pair.substr(0, equals));
    if (equals == std::string_view::npos || key.empty()) {
      return fail_invalid(fmt::format("pair {} is not key=value", pairs.size() + 1));
    }
    auto value = decoded(http::trimmed(pair.substr(equals + 1)));
    if (!value)
      return fail_invalid(fmt::format("pair {} {}", pairs.size() + 1, value.error().message));
    pairs.emplace_back(key, *std::move(value));
  }
  return pairs;
}

Result<Pairs> read_headers(std::string_view text) {
  auto pairs = read_pairs(text);
  if (!pairs) return pairs;
  for (std::size_t i = 0; i < pairs->size(); ++i) {
    auto& [name, value] = (*pairs)[i];
    std::ranges::transform(name, name.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    const bool is_name = std::ranges::all_of(name, is_name_character);
    const bool is_ours =
        name.starts_with("grpc-") || std::ranges::find(kReserved, name) != kReserved.end();
    if (!is_name || is_ours) {
      return fail_invalid(
          fmt::format("pair {} has a name that {}", i + 1,
                      is_name ? "is set by the protocol" : "is not one of a header"));
    }
    if (std::ranges::any_of(value, is_control)) {
      return fail_invalid(fmt::format("pair {} has a control character in its value", i + 1));
    }
  }
  return pairs;
}

}  // namespace betrace::exporter
