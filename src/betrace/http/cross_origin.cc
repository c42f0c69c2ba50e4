#include "betrace/http/cross_origin.h"

#include <algorithm>

namespace betrace::http {
namespace {

bool is_listed(std::string_view origin, const std::vector<std::string>& origins) {
  return std::ranges::find(origins, origin) != origins.end();
}

// A proxy may speak TLS for us, so the scheme says nothing.
bool is_own(std::string_view origin, const Headers& headers) {
  const std::size_t scheme = origin.find("://");
  const auto host = headers.find("Host");
  return scheme != std::string_view::npos && host &&
         equal_ignoring_case(origin.substr(scheme + 3), *host);
}

}  // namespace

std::optional<Problem> check_origin(const RequestHead& head,
                                    const std::vector<std::string>& origins) {
  if (head.method == "GET" || head.method == "HEAD" || head.method == "OPTIONS") {
    return std::nullopt;
  }
  const auto origin = head.headers.find("Origin");
  if (origin && is_listed(*origin, origins)) return std::nullopt;
  const std::string_view site = head.headers.find("Sec-Fetch-Site").value_or("none");
  const bool is_near = site == "none" || site == "same-origin";
  if (is_near && (!origin || is_own(*origin, head.headers))) return std::nullopt;
  Problem problem;
  problem.status = 403;
  problem.code = "forbidden";
  problem.message = "the page that sent this is of an origin that is not in http.cors_origins";
  return problem;
}

void allow_origin(RequestHead& head, const std::vector<std::string>& origins) {
  if (origins.empty()) return;
  head.reply_headers.add("Vary", "Origin");
  const auto origin = head.headers.find("Origin");
  if (!origin || !is_listed(*origin, origins)) return;
  head.reply_headers.add("Access-Control-Allow-Origin", *origin);
  head.reply_headers.add("Access-Control-Expose-Headers",
                         "ETag, Location, Retry-After, X-Betrace-Ignored, X-Betrace-Skipped, "
                         "X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, "
                         "X-Request-Id");
}

bool is_preflight(const RequestHead& head, const std::vector<std::string>& origins) {
  if (head.method != "OPTIONS") return false;
  const auto origin = head.headers.find("Origin");
  return origin && is_listed(*origin, origins) &&
         head.headers.contains("Access-Control-Request-Method");
}

Response preflight_response(std::string_view methods, std::string_view key_header) {
  Response response = empty_response();
  response.headers.add("Access-Control-Allow-Methods", methods);
  response.headers.add("Access-Control-Allow-Headers",
                       "Authorization, Content-Encoding, Content-Type, If-Match, If-None-Match, "
                       "X-Request-Id, " +
                           std::string(key_header));
  response.headers.add("Access-Control-Max-Age", "600");
  return response;
}

}  // namespace betrace::http
