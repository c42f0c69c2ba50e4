#include "betrace/ingest/otlp_grpc_receiver.h"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "betrace/ingest/request_intake.h"
#include "betrace/otlp/export_response.h"
#include "betrace/otlp/trace_reader.h"

namespace betrace::ingest {
namespace {

constexpr std::string_view kGrpc = "grpc";

http::CallStatus call_status(const otlp::RpcStatus& status) {
  http::CallStatus made;
  made.code = status.code;
  made.message = status.message;
  if (!status.field_violations.empty() || status.retry_delay) {
    made.details = otlp::status_body(status, otlp::WireForm::Protobuf);
  }
  return made;
}

/// Serves all connections. Thread-safe.
class GrpcReceiver {
 public:
  GrpcReceiver(engine::SpanSink& sink, telemetry::Metrics& metrics,
               const otlp::ReaderLimits& limits, SpansTaken taken)
      : intake_(sink, metrics), readers_(limits), taken_(std::move(taken)) {}

  [[nodiscard]] std::optional<http::CallStatus> admit(std::uint64_t bytes) {
    const auto refusal = intake_.admit(bytes, kGrpc);
    if (!refusal) return std::nullopt;
    otlp::RpcStatus status;
    status.code = RpcCode::Unavailable;
    status.message = fmt::format("spans cannot be taken now ({})", refusal->limit);
    status.retry_delay = std::chrono::seconds(refusal->retry_after_seconds);
    return call_status(status);
  }

  [[nodiscard]] http::CallReply take(const http::Call& call) {
    const auto summary =
        intake_.take(readers_, call.message, {kGrpc, http::key_id_of(call.head.actor)});
    if (!summary) {
      const Error& error = summary.error();
      return {call_status(otlp::status_of_unreadable(error.code, error.message)), ""};
    }
    if (taken_) taken_(call.head.actor, call.head.remote_address, summary->spans_decoded);
    return {{}, otlp::export_response(*summary, otlp::WireForm::Protobuf)};
  }

 private:
  RequestIntake intake_;
  ReaderPool<otlp::TraceReader> readers_;
  const SpansTaken taken_;
};

}  // namespace

http::CallMethod otlp_grpc_export(engine::SpanSink& sink, telemetry::Metrics& metrics,
                                  const otlp::ReaderLimits& limits, SpansTaken taken) {
  const auto receiver = std::make_shared<GrpcReceiver>(sink, metrics, limits, std::move(taken));
  return http::CallMethod{
      .path = fmt::format("/{}/Export", kTraceService),
      .label = "Export",
      .role = http::Role::Ingest,
      .handler = [receiver](const http::Call& call) { return receiver->take(call); },
      .admit = [receiver](const http::CallHead&,
                          std::uint64_t bytes) { return receiver->admit(bytes); }};
}

http::CallStatus otlp_retry_later(std::string_view message) {
  otlp::RpcStatus status;
  status.code = RpcCode::Unavailable;
  status.message = message;
  status.retry_delay = std::chrono::seconds(1);
  return call_status(status);
}

}  // namespace betrace::ingest
