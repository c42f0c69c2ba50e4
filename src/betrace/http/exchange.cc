#include "betrace/http/exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

#include "betrace/base/ascii.h"
#include "betrace/base/utf8.h"
#include "betrace/http/cross_origin.h"
#include "betrace/http/gzip.h"
#include "betrace/http/loopback.h"
#include "betrace/http/negotiation.h"
#include "betrace/http/reply_writer.h"

namespace betrace::http {
namespace {

Problem problem_of(int status, std::string code, std::string message) {
  Problem problem;
  problem.status = status;
  problem.code = std::move(code);
  problem.message = std::move(message);
  return problem;
}

// A body that cannot be inflated is no JSON, or no YAML, whatever is wrong with it.
Problem unreadable(const Headers& headers, std::string message) {
  const bool is_yaml = lower_case(media_type(headers)).find("yaml") != std::string::npos;
  return problem_of(400, is_yaml ? "invalid_yaml" : "invalid_json", std::move(message));
}

}  // namespace

std::string_view method_label(std::string_view method) noexcept {
  static constexpr std::string_view kMethods[] = {"GET",   "HEAD",    "POST",    "PUT",  "DELETE",
                                                  "PATCH", "OPTIONS", "CONNECT", "TRACE"};
  const auto found = std::find(std::begin(kMethods), std::end(kMethods), method);
  return found != std::end(kMethods) ? *found : "OTHER";
}

Problem too_large(std::size_t bytes_max) {
  return problem_of(413, "payload_too_large",
                    "the body is larger than " + std::to_string(bytes_max) + " bytes");
}

Problem request_timeout(std::string_view message) {
  return problem_of(408, "request_timeout", std::string(message));
}

Problem bad_chunks() { return problem_of(400, "invalid_field", "the body is not legally chunked"); }

Problem no_room_for_body() {
  Problem problem = problem_of(503, "overloaded", "no memory is free for bodies");
  problem.retry_after = 1;
  return problem;
}

std::optional<Response> Exchange::open(const MessageForm& form) {
  try {
    return open_unguarded(form);
  } catch (const std::exception& exception) {
    return failed(exception.what());
  } catch (...) {
    return failed("unknown exception");
  }
}

std::optional<Response> Exchange::open_unguarded(const MessageForm& form) {
  if (auto refusal = check_host()) return refusal;
  if (auto refusal = check_page()) return refusal;
  if (auto refusal = check_route(form)) return refusal;
  if (auto refusal = check_credential()) return refusal;
  if (!form.query_is_legal) {
    return refuse(problem_of(400, "invalid_parameter", "the query has a broken percent sequence"));
  }
  if (!route_->produces.empty() && !accepts_type(head_.headers, route_->produces)) {
    return refuse(problem_of(406, "not_acceptable", "only " + route_->produces + " is offered"));
  }
  if (auto refusal = check_body(form)) return refusal;
  return check_admission();
}

std::optional<Response> Exchange::check_host() {
  if (!service_.options.hosts) return std::nullopt;
  const auto host = head_.headers.find("Host");
  if (!host) return std::nullopt;  // HTTP/1.0; a browser always sends it
  const std::string name = host_name(*host);
  const auto& allowed = *service_.options.hosts;
  const auto is_name = [&name](const auto& entry) { return equal_ignoring_case(entry, name); };
  if (name == "localhost" || is_loopback(name) || std::ranges::any_of(allowed, is_name)) {
    return std::nullopt;
  }
  return refuse(
      problem_of(403, "forbidden", "the host " + quote_excerpt(name) + " is not in http.hosts"));
}

std::optional<Response> Exchange::check_page() {
  const std::vector<std::string>& origins = service_.options.cors_origins;
  allow_origin(head_, origins);
  if (const auto problem = check_origin(head_, origins)) return refuse(*problem);
  return std::nullopt;
}

std::optional<Response> Exchange::check_route(const MessageForm& form) {
  RouteMatch match;
  if (form.path_is_legal) match = service_.routes.match(head_.method, head_.path);
  route_ = match.route;
  switch (match.kind) {
    case RouteMatch::Kind::Found:
      found_ = true;
      parameters_ = std::move(match.parameters);
      return std::nullopt;
    case RouteMatch::Kind::NoSuchMethod:
      if (is_preflight(head_, service_.options.cors_origins)) {
        return preflight_response(match.allow, service_.options.key_header);
      }
      head_.reply_headers.add("Allow", match.allow);
      return refuse(problem_of(405, "method_not_allowed",
                               "this path takes " + match.allow + " and no other method"));
    case RouteMatch::Kind::NoSuchPath:
      break;
  }
  if (service_.options.authorize) {
    if (const auto problem = service_.options.authorize(head_, nullptr)) return refuse(*problem);
  }
  return refuse(problem_of(404, "not_found", "there is nothing at this path"));
}

std::optional<Response> Exchange::check_credential() {
  if (!service_.options.authorize) return std::nullopt;
  if (const auto problem = service_.options.authorize(head_, route_)) return refuse(*problem);
  return std::nullopt;
}

std::optional<Response> Exchange::check_body(const MessageForm& form) {
  if (form.framing == BodyFraming::None) return std::nullopt;
  const auto& types = route_->content_types;
  const auto is_sent = [sent = media_type(head_.headers)](const std::string& type) {
    return equal_ignoring_case(sent, type);
  };
  if (!types.empty() && std::ranges::none_of(types, is_sent)) {
    return refuse(problem_of(415, "unsupported_media_type",
                             fmt::format("Content-Type is not {}", fmt::join(types, " or "))));
  }
  const std::string_view coding = head_.headers.find("Content-Encoding").value_or("identity");
  gzipped_ = equal_ignoring_case(coding, "gzip");
  if (!gzipped_ && !equal_ignoring_case(coding, "identity")) {
    return refuse(problem_of(415, "unsupported_media_type", "Content-Encoding is not gzip"));
  }
  if (head_.body_bytes > body_bytes_max()) return refuse(too_large(body_bytes_max()), "body");
  return std::nullopt;
}

std::optional<Response> Exchange::check_admission() {
  if (!route_->admit) return std::nullopt;
  if (const auto problem = route_->admit(head_, head_.body_bytes)) return refuse(*problem);
  return std::nullopt;
}

Response Exchange::answer(BodyBuffer body) {
  try {
    return answer_unguarded(std::move(body));
  } catch (const std::exception& exception) {
    return failed(exception.what());
  } catch (...) {
    return failed("unknown exception");
  }
}

Response Exchange::answer_unguarded(BodyBuffer body) {
  if (gzipped_) {
    BodyBuffer inflated = service_.bodies->take();
    const InflateLimits limits{body_bytes_max(), service_.limits.inflate_ratio};
    const auto result = inflate_gzip(body.text(), limits, inflated);
    if (!result) {
      switch (result.error().code) {
        case ErrorCode::LimitExceeded: {
          const bool by_ratio = inflate_cap(body.size(), limits) < limits.bytes_max;
          return refuse(problem_of(413, "payload_too_large", result.error().message),
                        by_ratio ? "inflate_ratio" : "body");
        }
        case ErrorCode::Unavailable:
          return refuse(no_room_for_body(), "bodies_bytes");
        default:
          return refuse(unreadable(head_.headers, result.error().message), "malformed");
      }
    }
    body = std::move(inflated);
  }
  Response response = route_->handler(Request{head_, body.text()}, parameters_);
  compress(&response, head_.headers);
  return response;
}

Response Exchange::refuse(const Problem& problem, std::string_view limit) {
  if (!limit.empty()) service_.observer->refused(limit, head_);
  const bool of_route = route_ != nullptr && route_->error_format;
  return of_route ? route_->error_format(problem, head_)
                  : service_.options.error_format(problem, head_);
}

Response Exchange::failed(std::string_view what) {
  service_.observer->handler_failed(head_, what);
  try {
    return refuse(problem_of(500, "internal", "a defect of BeTrace; the log has the details"));
  } catch (...) {
    return empty_response(500);  // no memory for a body, or a form that throws
  }
}

std::string_view Exchange::route_label() const noexcept {
  return found_ ? std::string_view(route_->path) : "other";
}

}  // namespace betrace::http
