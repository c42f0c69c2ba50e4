#include "betrace/ingest/otlp_http_receiver.h"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "betrace/ingest/reader_pool.h"
#include "betrace/ingest/request_intake.h"
#include "betrace/otlp/export_response.h"
#include "betrace/otlp/json_trace_reader.h"
#include "betrace/otlp/trace_reader.h"

namespace betrace::ingest {
namespace {

using otlp::WireForm;

constexpr std::string_view kProtobufType = "application/x-protobuf";
constexpr std::string_view kJsonType = "application/json";

bool is_sent_as(std::string_view type, const http::RequestHead& head) {
  return http::equal_ignoring_case(http::media_type(head.headers), type);
}

/// How the request is written, and how it is answered: JSON if it is neither.
WireForm form_of(const http::RequestHead& head) {
  return is_sent_as(kProtobufType, head) ? WireForm::Protobuf : WireForm::Json;
}

std::string_view protocol_of(WireForm form) {
  return form == WireForm::Protobuf ? "http_protobuf" : "http_json";
}

http::Response reply(int status, WireForm form, std::string body) {
  return http::make_response(status, form == WireForm::Protobuf ? kProtobufType : kJsonType,
                             std::move(body));
}

// Source: google.rpc.Code and its mapping to HTTP statuses.
RpcCode code_of_status(int status) {
  switch (status) {
    case 401:
      return RpcCode::Unauthenticated;
    case 403:
      return RpcCode::PermissionDenied;
    case 404:
      return RpcCode::NotFound;
    case 405:
    case 415:
      return RpcCode::Unimplemented;
    case 408:
      return RpcCode::DeadlineExceeded;
    case 413:
    case 429:
      return RpcCode::ResourceExhausted;
    case 503:
      return RpcCode::Unavailable;
    default:
      return status >= 500 ? RpcCode::Internal : RpcCode::InvalidArgument;
  }
}

http::Problem problem_of(int status, std::string code, std::string message) {
  http::Problem problem;
  problem.status = status;
  problem.code = std::move(code);
  problem.message = std::move(message);
  return problem;
}

/// Serves all connections. Thread-safe.
class Receiver {
 public:
  Receiver(engine::SpanSink& sink, telemetry::Metrics& metrics, const OtlpHttpOptions& options)
      : intake_(sink, metrics),
        taken_(options.taken),
        protobuf_readers_(options.limits),
        json_readers_(options.limits) {}

  [[nodiscard]] std::optional<http::Problem> admit(const http::RequestHead& head,
                                                   std::uint64_t bytes) {
    const auto refusal = intake_.admit(bytes, protocol_of(form_of(head)));
    if (!refusal) return std::nullopt;
    // A full queue is the sender's pace, anything else the state of this process.
    const bool is_pace = refusal->limit == "ingest_queue";
    http::Problem problem =
        problem_of(is_pace ? 429 : 503, is_pace ? "rate_limited" : "overloaded",
                   fmt::format("spans cannot be taken now ({})", refusal->limit));
    problem.retry_after = refusal->retry_after_seconds;
    return problem;
  }

  [[nodiscard]] http::Response take(const http::Request& request) {
    if (!is_sent_as(kProtobufType, request.head) && !is_sent_as(kJsonType, request.head)) {
      // The server checks the type of a body; here there is neither.
      return otlp_error(problem_of(415, "unsupported_media_type", "Content-Type is missing"),
                        request.head);
    }
    // What was declared is not what came out of a coding, or was not declared at all.
    if (request.body.size() != request.head.body_bytes) {
      if (const auto problem = admit(request.head, request.body.size())) {
        return otlp_error(*problem, request.head);
      }
    }
    return read(request);
  }

 private:
  [[nodiscard]] http::Response read(const http::Request& request) {
    const std::string_view body = request.body;
    const WireForm form = form_of(request.head);
    const engine::SpanOrigin origin{protocol_of(form), http::key_id_of(request.head.actor)};
    const auto summary = form == WireForm::Protobuf ? intake_.take(protobuf_readers_, body, origin)
                                                    : intake_.take(json_readers_, body, origin);
    if (!summary) return refuse(summary.error(), form);
    if (taken_) taken_(request.head.actor, request.head.remote_address, summary->spans_decoded);
    return reply(200, form, otlp::export_response(*summary, form));
  }

  [[nodiscard]] static http::Response refuse(const Error& error, WireForm form) {
    const bool is_limit = error.code == ErrorCode::LimitExceeded;
    return reply(is_limit ? 413 : 400, form,
                 otlp::status_body(otlp::status_of_unreadable(error.code, error.message), form));
  }

  RequestIntake intake_;
  const SpansTaken taken_;
  ReaderPool<otlp::TraceReader> protobuf_readers_;
  ReaderPool<otlp::JsonTraceReader> json_readers_;
};

/// A path of another signal: refused before the body is read.
http::Route refused_signal(std::string_view path, const OtlpHttpOptions& options) {
  const auto problem = [] {
    return problem_of(404, "not_found", "this receiver accepts traces only");
  };
  http::Route route{
      .method = "POST",
      .path = std::string(path),
      .role = http::Role::Ingest,
      .handler = [problem](const http::Request& request, const http::PathParameters&) {
        return otlp_error(problem(), request.head);
      }};
  route.body_bytes_max = options.body_bytes_max;
  route.run = http::RunOn::Inline;
  route.produces.clear();
  route.error_format = otlp_error;
  route.admit = [problem](const http::RequestHead&, std::uint64_t) {
    return std::optional(problem());
  };
  return route;
}

}  // namespace

http::Response otlp_error(const http::Problem& problem, const http::RequestHead& head) {
  const WireForm form = form_of(head);
  otlp::RpcStatus status;
  status.code = code_of_status(problem.status);
  status.message = problem.message;
  if (problem.retry_after) status.retry_delay = std::chrono::seconds(*problem.retry_after);
  http::Response response = reply(problem.status, form, otlp::status_body(status, form));
  response.error_code = problem.code;
  if (problem.retry_after) {
    response.headers.add("Retry-After", fmt::format("{}", *problem.retry_after));
  }
  return response;
}

std::vector<http::Route> otlp_http_routes(engine::SpanSink& sink, telemetry::Metrics& metrics,
                                          const OtlpHttpOptions& options) {
  const auto receiver = std::make_shared<Receiver>(sink, metrics, options);
  http::Route traces{
      .method = "POST",
      .path = "/v1/traces",
      .role = http::Role::Ingest,
      .handler = [receiver](const http::Request& request, const http::PathParameters&) {
        return receiver->take(request);
      }};
  traces.body_bytes_max = options.body_bytes_max;
  traces.rate = http::RateClass::Ingest;
  traces.run = options.run;
  traces.content_types = {std::string(kProtobufType), std::string(kJsonType)};
  traces.produces.clear();
  traces.error_format = otlp_error;
  traces.admit = [receiver](const http::RequestHead& head, std::uint64_t bytes) {
    return receiver->admit(head, bytes);
  };
  std::vector<http::Route> routes;
  routes.push_back(std::move(traces));
  for (const std::string_view path : {"/v1/metrics", "/v1/logs", "/v1development/profiles"}) {
    routes.push_back(refused_signal(path, options));
  }
  return routes;
}

}  // namespace betrace::ingest
