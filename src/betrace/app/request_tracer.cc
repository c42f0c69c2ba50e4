#include "betrace/app/request_tracer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "betrace/base/unguessable_bytes.h"

namespace betrace::app {
namespace {

constexpr std::string_view kOtlpRoute = "/v1/traces";
// `other` is what has no route.
constexpr std::array<std::string_view, 6> kUntraced = {"/health",   "/ready",   "/v1/health",
                                                       "/v1/ready", "/metrics", "other"};
constexpr int kServerError = 500;

template <std::size_t N>
model::Id<N> random_id() {
  model::Id<N> id;
  do {
    std::ranges::copy(unguessable_bytes(N), id.bytes.begin());
  } while (id.is_zero());
  return id;
}

}  // namespace

std::optional<TraceParent> read_trace_parent(std::string_view text) {
  // 00-<32 hex>-<16 hex>-<2 hex>
  if (text.size() != 55 || !text.starts_with("00-") || text[35] != '-' || text[52] != '-') {
    return std::nullopt;
  }
  TraceParent parent;
  const std::string_view flags = text.substr(53);
  constexpr std::string_view kDigits = "0123456789abcdef";
  const std::size_t high = kDigits.find(flags[0]);
  const std::size_t low = kDigits.find(flags[1]);
  if (high == kDigits.npos || low == kDigits.npos) return std::nullopt;
  const bool is_read = model::TraceId::parse(text.substr(3, 32), &parent.trace_id) &&
                       model::SpanId::parse(text.substr(36, 16), &parent.span_id);
  if (!is_read || parent.trace_id.is_zero() || parent.span_id.is_zero()) return std::nullopt;
  parent.is_sampled = low % 2 == 1;
  return parent;
}

std::optional<TraceParent> trace_parent_of(const http::Headers& fields) {
  if (fields.count("traceparent") != 1) return std::nullopt;
  return read_trace_parent(*fields.find("traceparent"));
}

exporter::OwnSpan RequestTracer::begin(std::string name, double seconds,
                                       const std::optional<TraceParent>& parent) const {
  exporter::OwnSpan span;
  span.name = std::move(name);
  span.trace_id = parent ? parent->trace_id : random_id<16>();
  if (parent) span.parent_span_id = parent->span_id;
  span.span_id = random_id<8>();
  span.end_time = clock_().wall;
  const auto took = static_cast<UnixNanos>(std::llround(std::max(seconds, 0.0) * 1e9));
  span.start_time = span.end_time - std::min(took, span.end_time);
  return span;
}

void RequestTracer::request(const http::FinishedRequest& request) {
  if (request.is_stream || std::ranges::find(kUntraced, request.route) != kUntraced.end()) return;
  if (request.route == kOtlpRoute && !is_ingest_due()) return;
  const auto parent = trace_parent_of(request.head.headers);
  if (parent && !parent->is_sampled) return;
  exporter::OwnSpan span =
      begin(fmt::format("{} {}", request.method, request.route), request.seconds, parent);
  span.is_error = request.status >= kServerError;
  span.texts = {{"http.request.method", std::string(request.method)},
                {"http.route", std::string(request.route)},
                {"betrace.request_id", request.head.request_id}};
  if (!request.head.actor.empty()) span.texts.emplace_back("betrace.actor", request.head.actor);
  if (!request.error_code.empty()) span.texts.emplace_back("error.type", request.error_code);
  span.numbers = {{"http.response.status_code", request.status},
                  {"http.request.body.size", static_cast<std::int64_t>(request.request_bytes)},
                  {"http.response.body.size", static_cast<std::int64_t>(request.response_bytes)}};
  take_(std::move(span));
}

// Only the method that takes spans is of interest; the others are probes.
void RequestTracer::call(const http::FinishedCall& call) {
  if (call.method != "Export" || !is_ingest_due()) return;
  const auto parent = trace_parent_of(call.head.metadata);
  if (parent && !parent->is_sampled) return;
  exporter::OwnSpan span = begin("TraceService/Export", call.seconds, parent);
  span.is_error = call.code == "INTERNAL" || call.code == "UNKNOWN";
  span.texts = {{"rpc.system", "grpc"},
                {"rpc.method", "Export"},
                {"rpc.grpc.status", std::string(call.code)}};
  take_(std::move(span));
}

}  // namespace betrace::app
