// The pages of the guide that are made from tables: settings and metrics.
//
// `betrace docs` prints them, tools/docs writes them, a test compares them with docs/guide.
#pragma once

#include <string>

namespace betrace::app {

/// docs/guide/configuration.md, from app/config_catalog.
[[nodiscard]] std::string configuration_page();

/// docs/guide/metrics.md, from telemetry/metric_catalog.
[[nodiscard]] std::string metrics_page();

}  // namespace betrace::app
