#include <chrono>
#include <utility>

#include "betrace/api/document_routes.h"
#include "betrace/api/routes.h"
#include "betrace/app/discard.h"
#include "betrace/app/refusal_watch.h"
#include "betrace/app/service_parts.h"
#include "betrace/ingest/health_calls.h"
#include "betrace/ingest/otlp_grpc_receiver.h"
#include "betrace/ingest/otlp_http_receiver.h"

namespace betrace::app {

Result<std::uint16_t> Service::Parts::listen(std::uint16_t port, http::ErrorFormat format,
                                             std::vector<http::Route> routes) {
  http::RouteTable table;
  table.add(std::move(routes));
  http::ListenerOptions listener;
  listener.addresses = options_.addresses;
  listener.port = port;
  listener.threads = options_.workers;
  listener.error_format = std::move(format);
  if (options_.access.is_loopback_only) listener.hosts = options_.hosts;
  listener.cors_origins = options_.cors_origins;
  listener.key_header = options_.access.rules.key_header;
  listener.tls = access_files_.tls();
  listener.authorize = [this](http::RequestHead& head, const http::Route* route) {
    return access_.authorize(head, route);
  };
  tables_.push_back(table);
  return server_->listen(std::move(listener), std::move(table));
}

Result<void> Service::Parts::open_doors() {
  server_ = std::make_unique<http::Server>(options_.server, &observer_);
  api::ApiServices services{.rules = *control_,
                            .violations = *violations_,
                            .spans = *sink_,
                            .metrics = metrics_,
                            .readiness = readiness_,
                            .attributes = attributes_,
                            .statistics = [this] { return engine_->statistics(); }};
  services.seen_since = [this](const Now& now, std::chrono::nanoseconds window) {
    return clerk_->seen_since(now, window);
  };
  services.redaction = [this] { return active_.current()->redaction(); };
  const ingest::SpansTaken taken = [this](std::string_view actor, std::string_view address,
                                          std::uint64_t spans) {
    access_.spans_taken(actor, address, spans);
  };
  services.spans_taken = taken;
  services.record_keys = options_.log.record_keys;
  services.rotate_key = [this](evidence::KeyStatus old) { return violations_->rotate_key(old); };
  services.checkpoints = [this](std::size_t offset, std::size_t limit) {
    return checkpoints_->page(offset, limit);
  };
  services.last_coverage = [this] { return clerk_->last_coverage(); };
  services.gaps_since = [this](const Now& now, std::chrono::nanoseconds window) {
    return clerk_->gaps_since(now, window);
  };
  if (exporter_ != nullptr) {
    services.resend = [this](storage::SequenceRange range) { exporter_->resend(range); };
  }
  options_.api.signing = is_signing() ? "on" : "off";
  options_.api.witness_path = options_.witness_path;
  ingest::OtlpHttpOptions otlp;
  otlp.body_bytes_max = options_.http_body_bytes_max;
  otlp.limits = options_.span_limits;
  otlp.taken = taken;
  otlp.run = http::RunOn::Pool;  // so that probes on the same port need not wait
  std::vector<http::Route> routes = api::api_routes(services, options_.api);
  observer_.on_refusal(refusal_watch(routes, clerk_->refusals()));
  observer_.on_denial(denial_watch(clerk_->refusals()));
  for (http::Route& route : ingest::otlp_http_routes(*sink_, metrics_, otlp)) {
    if (route.path == "/v1/traces") routes.push_back(std::move(route));
  }
  api::add_document_routes(&routes);
  if (options_.discards_spans) {
    discard_spans(&routes);
    readiness_.warn("spans_discarded");
    log_.warn("all spans are dropped unread, nothing is judged: --discard is for benchmarks");
  }
  auto port = listen(options_.http_port, http::json_error, std::move(routes));
  if (!port) return fail(port.error().code, "http.port: " + port.error().message);
  http_port_ = *port;
  if (options_.otlp_http_port != 0) {
    otlp.run = http::RunOn::Inline;
    routes = ingest::otlp_http_routes(*sink_, metrics_, otlp);
    if (options_.discards_spans) discard_spans(&routes);
    port = listen(options_.otlp_http_port, ingest::otlp_error, std::move(routes));
    if (!port) return fail(port.error().code, "otlp.http_port: " + port.error().message);
    otlp_http_port_ = *port;
  }
  if (auto opened = open_grpc_door(); !opened) return opened;
  server_->start();
  return {};
}

Result<void> Service::Parts::open_grpc_door() {
  if (options_.otlp_grpc_port == 0) return {};
  http::CallListenerOptions listener;
  listener.addresses = options_.addresses;
  listener.port = options_.otlp_grpc_port;
  listener.threads = options_.workers;
  listener.limits = options_.calls;
  listener.retry_later = ingest::otlp_retry_later;
  listener.tls = access_files_.tls();
  listener.authorize = [this](http::CallHead& head, const http::CallMethod& method) {
    return access_.authorize(head, method);
  };
  http::CallTable calls;
  auto receive = ingest::otlp_grpc_export(
      *sink_, metrics_, options_.span_limits,
      [this](std::string_view actor, std::string_view address, std::uint64_t spans) {
        access_.spans_taken(actor, address, spans);
      });
  if (options_.discards_spans) discard_spans(&receive);
  calls.add(std::move(receive));
  calls.add(ingest::health_calls(readiness_));
  const auto port = server_->listen_for_calls(std::move(listener), std::move(calls));
  if (!port) return fail(port.error().code, "otlp.grpc_port: " + port.error().message);
  otlp_grpc_port_ = *port;
  return {};
}

}  // namespace betrace::app
