#include "betrace/ingest/health_calls.h"

#include "betrace/ingest/otlp_grpc_receiver.h"
#include "betrace/otlp/health_messages.h"

namespace betrace::ingest {
namespace {

using otlp::ServingStatus;

http::CallReply health_reply(ServingStatus status) { return {{}, otlp::health_response(status)}; }

/// Answers either call; they differ in what an unknown service is.
http::CallReply answer_health(const telemetry::Readiness& readiness, const http::Call& call,
                              const http::CallReply& unknown) {
  const auto service = otlp::read_health_request(call.message);
  if (!service) return {{RpcCode::InvalidArgument, service.error().message, ""}, ""};
  if (!service->empty() && *service != kTraceService) return unknown;
  return health_reply(readiness.report().is_ready ? ServingStatus::Serving
                                                  : ServingStatus::NotServing);
}

}  // namespace

std::vector<http::CallMethod> health_calls(const telemetry::Readiness& readiness) {
  const auto row = [&readiness](std::string_view label, http::CallReply unknown) {
    return http::CallMethod{
        .path = "/grpc.health.v1.Health/" + std::string(label),
        .label = std::string(label),
        .role = http::Role::Public,
        .handler = [&readiness, unknown = std::move(unknown)](const http::Call& call) {
          return answer_health(readiness, call, unknown);
        }};
  };
  http::CallMethod check =
      row("Check", {{RpcCode::NotFound, "there is no such service here", ""}, ""});
  http::CallMethod watch = row("Watch", health_reply(ServingStatus::ServiceUnknown));
  watch.is_watch = true;
  return {std::move(check), std::move(watch)};
}

}  // namespace betrace::ingest
