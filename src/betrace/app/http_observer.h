// Counts HTTP requests and gRPC calls and writes the access log.
//
// One for all listeners of the server. Never waits and never logs a body or a header value.
#pragma once

#include <functional>
#include <utility>

#include "betrace/app/request_tracer.h"
#include "betrace/http/server_limits.h"
#include "betrace/telemetry/log.h"
#include "betrace/telemetry/metrics.h"

namespace betrace::app {

/// Thread-safe.
class HttpObserver : public http::ServerObserver {
 public:
  HttpObserver(telemetry::Metrics& metrics, telemetry::Logger& log)
      : metrics_(metrics), log_(log) {}

  /// Is told of each request that was answered by an error. Requires: before the server starts; it
  /// outlives the server, and must be quick.
  void on_refusal(std::function<void(const http::FinishedRequest&)> refused) {
    refused_ = std::move(refused);
  }

  /// Is told of each call that was denied, under the same conditions.
  void on_denial(std::function<void(const http::DeniedCall&)> denied) {
    denied_ = std::move(denied);
  }

  /// Makes a span of what is finished, under the same conditions; null: of nothing.
  void trace_by(RequestTracer* tracer) { tracer_ = tracer; }

  void request_finished(const http::FinishedRequest& request) override;
  void handler_failed(const http::RequestHead& head, std::string_view what) override;
  void connection_refused(std::string_view limit) override;
  void timed_out(std::string_view phase) override;
  void refused(std::string_view limit, const http::RequestHead& head) override;
  void call_finished(const http::FinishedCall& call) override;
  void call_denied(const http::DeniedCall& call) override {
    if (denied_) denied_(call);
  }
  void call_failed(std::string_view path, std::string_view what) override;
  void call_refused(std::string_view limit) override;
  void h2_abused(std::string_view kind) override;

 private:
  telemetry::Metrics& metrics_;
  telemetry::Logger& log_;
  std::function<void(const http::FinishedRequest&)> refused_;
  std::function<void(const http::DeniedCall&)> denied_;
  RequestTracer* tracer_ = nullptr;
};

}  // namespace betrace::app
