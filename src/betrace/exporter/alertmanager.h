// What Alertmanager is told: an alert for each violation, which ends with its withdrawal.
//
// Grouping, silences and repeats are its own business. Source: docs/guide/api.md, "What sinks
// receive"; Alertmanager API v2.
#pragma once

#include <string>
#include <vector>

#include "betrace/exporter/sink_form.h"

namespace betrace::exporter {

/// Immutable.
class AlertmanagerForm : public SinkForm {
 public:
  [[nodiscard]] std::optional<Telling> tell(const storage::TailRecord& record) const override;
  [[nodiscard]] std::string write(const std::vector<OutboxItem>& items) const override;
};

}  // namespace betrace::exporter
