#include "betrace/api/service_handler.h"

#include <chrono>

#include "betrace/api/query.h"
#include "betrace/base/version.h"

namespace betrace::api {
namespace {

constexpr int kSecondsOnly = 0;

std::int64_t uptime_seconds(const Now& started, const Now& now) {
  return std::chrono::duration_cast<std::chrono::seconds>(now.monotonic - started.monotonic)
      .count();
}

// OpenMetrics only for those who ask for it by name; everything else gets what it always got.
telemetry::ExpositionFormat format_for(const http::Headers& headers) {
  const auto accept = headers.find("Accept");
  const bool asks = accept && accept->find("application/openmetrics-text") != accept->npos;
  return asks ? telemetry::ExpositionFormat::OpenMetrics : telemetry::ExpositionFormat::Prometheus;
}

}  // namespace

Reply<http::Response> ServiceHandler::health(const http::Request&,
                                             const http::PathParameters&) const {
  const Now now = services_.clock();
  return json_reply(200, {{"status", "healthy"},
                          {"version", version()},
                          {"uptime_seconds", uptime_seconds(options_.started, now)},
                          {"timestamp", format_rfc3339(now.wall, kSecondsOnly)}});
}

Reply<http::Response> ServiceHandler::ready(const http::Request&,
                                            const http::PathParameters&) const {
  const telemetry::ReadinessReport report = services_.readiness.report();
  OrderedJson checks = OrderedJson::object();
  for (const auto& check : report.checks) checks[check.first] = check.second;
  OrderedJson body = {
      {"status", report.is_ready ? "ready" : "not_ready"},
      {"checks", std::move(checks)},
      {"signing", options_.signing},
      {"auth", options_.auth},
      {"warnings", report.warnings},
      {"timestamp", format_rfc3339(services_.clock().wall, kSecondsOnly)},
  };
  if (!report.is_ready) body["reason"] = report.reason;
  return json_reply(report.is_ready ? 200 : 503, body);
}

Reply<http::Response> ServiceHandler::metrics(const http::Request& request,
                                              const http::PathParameters&) const {
  const telemetry::ExpositionFormat format = format_for(request.head.headers);
  return http::make_response(200, telemetry::content_type_of(format),
                             services_.metrics.render(format));
}

Reply<http::Response> ServiceHandler::limits(const http::Request& request,
                                             const http::PathParameters&) const {
  QueryReader query(request.head);
  if (auto mistake = query.finish()) return refuse(std::move(*mistake));
  OrderedJson limits = OrderedJson::object();
  for (const auto& shown : options_.shown_limits) {
    limits[shown.first] =
        std::visit([](const auto& value) { return OrderedJson(value); }, shown.second);
  }
  return json_reply(200, {{"limits", std::move(limits)},
                          {"modes",
                           {{"ingest_acknowledgement", "memory"},
                            {"auth", options_.auth},
                            {"signing", options_.signing},
                            {"redaction", services_.redaction()->id()}}}});
}

}  // namespace betrace::api
