// Reads the settings of the webhook and of Alertmanager.
#include <fmt/format.h>

#include <utility>

#include "betrace/app/export_settings.h"
#include "betrace/exporter/alertmanager.h"
#include "betrace/exporter/webhook.h"

namespace betrace::app {
namespace {

constexpr std::size_t kAlertsMax = 64;  // of one request

// What both have in common. One request at a time: what is said of a violation comes in order.
std::optional<NotificationSettings> notification_sink(const Config& config, std::string_view key,
                                                      exporter::EndpointForm form,
                                                      const ReportProblem& report) {
  form.protocol = exporter::Protocol::Json;
  auto endpoint = exporter::read_endpoint(config.text(key), form);
  if (!endpoint) {
    report(key, endpoint.error().message);
    return std::nullopt;
  }
  NotificationSettings settings;
  settings.sink.protocol = form.protocol;
  settings.exporter.is_told_history = false;
  settings.exporter.limits.requests_max = 1;
  settings.exporter.limits.schedule_delay = std::chrono::milliseconds(0);
  settings.exporter.limits.backlog_bytes_max = config.size("export.backlog_bytes");
  // Paths and queries of webhooks may be secret.
  settings.exporter.sink_name = fmt::format("{}://{}:{}", endpoint->is_tls ? "https" : "http",
                                            endpoint->host, endpoint->port);
  settings.sink.endpoint = *std::move(endpoint);
  return settings;
}

std::optional<NotificationSettings> webhook_settings(const Config& config,
                                                     const ReportProblem& report) {
  exporter::EndpointForm form;
  form.is_whole = true;
  auto settings = notification_sink(config, "webhook.url", form, report);
  auto headers = exporter::read_headers(config.text("webhook.headers"));
  if (!headers) report("webhook.headers", headers.error().message);
  exporter::WebhookOptions options;
  options.least = model::parse_severity(config.text("webhook.min_severity")).value();
  if (const std::string& text = config.text("webhook.template"); !text.empty()) {
    auto body = exporter::WebhookTemplate::read(text);
    if (!body) {
      report("webhook.template", body.error().message);
      return std::nullopt;
    }
    options.body = *std::move(body);
  }
  if (!settings || !headers) return std::nullopt;
  settings->exporter.sink = storage::kWebhookSink;
  settings->exporter.limits.batch_records_max = 1;
  settings->sink.headers = *std::move(headers);
  settings->sink.signature_key = config.text("webhook.secret");
  settings->form = std::make_unique<exporter::WebhookForm>(std::move(options));
  return settings;
}

std::optional<NotificationSettings> alertmanager_settings(const Config& config,
                                                          const ReportProblem& report) {
  exporter::EndpointForm form;
  form.path = "/api/v2/alerts";
  auto settings = notification_sink(config, "alertmanager.url", form, report);
  if (!settings) return std::nullopt;
  settings->exporter.sink = storage::kAlertmanagerSink;
  settings->exporter.limits.batch_records_max = kAlertsMax;
  settings->form = std::make_unique<exporter::AlertmanagerForm>();
  return settings;
}

}  // namespace

std::vector<NotificationSettings> notification_settings(const Config& config,
                                                        const ReportProblem& report) {
  std::vector<NotificationSettings> all;
  const auto add = [&all](std::optional<NotificationSettings> settings) {
    if (settings) all.push_back(*std::move(settings));
  };
  if (!config.text("webhook.url").empty()) add(webhook_settings(config, report));
  if (!config.text("alertmanager.url").empty()) add(alertmanager_settings(config, report));
  return all;
}

}  // namespace betrace::app
