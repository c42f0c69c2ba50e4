#include "betrace/bench/transport.h"

#include <fmt/format.h>

#include <charconv>

namespace betrace::bench {

Result<Target> parse_target(std::string_view text) {
  const auto wrong = [text] {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("\"{}\" is not a target (example: http://127.0.0.1:4318)", text));
  };
  Target target;
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return wrong();
  target.scheme = text.substr(0, scheme);
  std::string_view place = text.substr(scheme + 3);
  if (place.ends_with('/')) place.remove_suffix(1);
  const std::size_t colon = place.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return wrong();
  target.host = place.substr(0, colon);
  const std::string_view port = place.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), target.port);
  if (error != std::errc{} || end != port.data() + port.size() || target.port == 0) return wrong();
  return target;
}

std::string text_of(const Target& target) {
  return fmt::format("{}://{}:{}", target.scheme, target.host, target.port);
}

Result<std::unique_ptr<Transport>> open_transport(const TransportOptions& options) {
  if (options.target.scheme == "http") return open_http_transport(options);
  if (options.target.scheme == "grpc") return open_grpc_transport(options);
  return fail(
      ErrorCode::Unsupported,
      fmt::format("no door for {}://; http:// and grpc:// are there", options.target.scheme));
}

}  // namespace betrace::bench
