// The settings of the sinks of violations, from the configuration.
//
// Used by app/config_checks, which reports what is wrong with them, and by app/serve.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "betrace/app/config.h"
#include "betrace/app/config_checks.h"
#include "betrace/exporter/curl_sink.h"
#include "betrace/exporter/exporter.h"

namespace betrace::app {

struct ExportSettings {
  exporter::ExporterOptions exporter;
  exporter::CurlSinkOptions sink;
  exporter::SpanOptions spans;
};

/// Of the webhook, or of Alertmanager.
struct NotificationSettings {
  exporter::ExporterOptions exporter;
  exporter::CurlSinkOptions sink;
  std::unique_ptr<exporter::SinkForm> form;
};

/// Returns nothing if there is no endpoint, or if something was reported. Never quotes a secret.
[[nodiscard]] std::optional<ExportSettings> export_settings(const Config& config,
                                                            const ReportProblem& report);

/// Returns those that there are and of which nothing was reported. Never quotes a secret.
[[nodiscard]] std::vector<NotificationSettings> notification_settings(const Config& config,
                                                                      const ReportProblem& report);

}  // namespace betrace::app
