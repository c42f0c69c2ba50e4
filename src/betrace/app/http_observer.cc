#include "betrace/app/http_observer.h"

#include <fmt/format.h>

#include "betrace/base/utf8.h"

namespace betrace::app {
namespace {

using telemetry::MetricId;

constexpr std::string_view kOtlpPath = "/v1/traces";

// The metric catalogue names limits as the configuration does.
std::string_view limit_label(std::string_view limit, const http::RequestHead& head) {
  if (limit == "bodies_bytes") return "memory";
  if (limit != "body") return limit;
  return head.path == kOtlpPath ? "http_body" : "rest_body";
}

// Of the client's own trace; empty if it tells of none.
std::string trace_id_of(const http::Headers& fields) {
  const auto parent = trace_parent_of(fields);
  return parent ? parent->trace_id.hex() : "";
}

std::string_view protocol_of(const http::RequestHead& head) {
  if (head.path != kOtlpPath) return "json";
  const bool is_json =
      http::equal_ignoring_case(http::media_type(head.headers), "application/json");
  return is_json ? "http_json" : "http_protobuf";
}

}  // namespace

void HttpObserver::request_finished(const http::FinishedRequest& request) {
  const std::string status = fmt::format("{:03}", request.status);
  metrics_.add(MetricId::HttpRequests, {request.method, request.route, status});
  if (!request.is_stream) {  // which lasts as long as its reader likes
    metrics_.observe(MetricId::HttpRequestDurationSeconds, {request.method, request.route, status},
                     request.seconds);
  }
  if (refused_ && !request.error_code.empty()) refused_(request);
  if (tracer_ != nullptr) tracer_->request(request);
  if (!log_.writes(telemetry::LogLevel::Debug)) return;
  log_.debug("request", {{"method", request.method},
                         {"route", request.route},
                         {"status", request.status},
                         {"seconds", request.seconds},
                         {"actor", request.head.actor},
                         {"request_id", request.head.request_id},
                         {"trace_id", trace_id_of(request.head.headers)}});
}

void HttpObserver::handler_failed(const http::RequestHead& head, std::string_view what) {
  log_.error("handler failed", {{"method", quote_excerpt(head.method)},
                                {"path", quote_excerpt(head.path, 128)},
                                {"what", what},
                                {"request_id", head.request_id},
                                {"trace_id", trace_id_of(head.headers)}});
}

void HttpObserver::connection_refused(std::string_view limit) {
  metrics_.add(MetricId::ConnectionsRefused, {limit});
}

void HttpObserver::timed_out(std::string_view phase) { metrics_.add(MetricId::Timeouts, {phase}); }

void HttpObserver::refused(std::string_view limit, const http::RequestHead& head) {
  metrics_.add(MetricId::Refused, {limit_label(limit, head), protocol_of(head)});
}

void HttpObserver::call_finished(const http::FinishedCall& call) {
  metrics_.add(MetricId::GrpcRequests, {call.method, call.code});
  metrics_.observe(MetricId::GrpcRequestDurationSeconds, {call.method, call.code}, call.seconds);
  if (tracer_ != nullptr) tracer_->call(call);
  if (!log_.writes(telemetry::LogLevel::Debug)) return;
  log_.debug("call", {{"method", call.method},
                      {"code", call.code},
                      {"seconds", call.seconds},
                      {"actor", call.head.actor},
                      {"trace_id", trace_id_of(call.head.metadata)}});
}

void HttpObserver::call_failed(std::string_view path, std::string_view what) {
  log_.error("handler failed", {{"path", quote_excerpt(path, 128)}, {"what", what}});
}

void HttpObserver::call_refused(std::string_view limit) {
  metrics_.add(MetricId::Refused, {limit == "bodies_bytes" ? "memory" : limit, "grpc"});
}

void HttpObserver::h2_abused(std::string_view kind) {
  metrics_.add(MetricId::H2Abuse, {kind});
  log_.debug("connection ended", {{"kind", kind}});
}

}  // namespace betrace::app
