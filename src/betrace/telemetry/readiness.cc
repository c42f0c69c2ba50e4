#include "betrace/telemetry/readiness.h"

namespace betrace::telemetry {
namespace {

std::string check_text(CheckState state, const std::string& reason) {
  switch (state) {
    case CheckState::Ok:
      return "ok";
    case CheckState::Disabled:
      return "disabled";
    case CheckState::Degraded:
      return "degraded: " + reason;
    case CheckState::Error:
      break;
  }
  return "error: " + reason;
}

}  // namespace

Readiness::Readiness(bool exporter_required) {
  checks_.emplace(kOtlpExporter, Check{CheckState::Disabled, "", exporter_required});
  checks_.emplace(kRuleEngine, Check{CheckState::Error, "rules are not loaded yet", true});
  checks_.emplace(kStorage, Check{CheckState::Error, "storage is not open yet", true});
}

void Readiness::set(std::string_view check, CheckState state, std::string_view reason) {
  const std::lock_guard lock(mutex_);
  Check& entry = checks_[std::string(check)];
  entry.state = state;
  entry.reason = reason;
}

void Readiness::warn(std::string_view warning, bool is_on) {
  const std::lock_guard lock(mutex_);
  if (is_on) {
    warnings_.emplace(warning);
  } else if (const auto at = warnings_.find(warning); at != warnings_.end()) {
    warnings_.erase(at);
  }
}

void Readiness::set_phase(Phase phase) {
  const std::lock_guard lock(mutex_);
  phase_ = phase;
}

Phase Readiness::phase() const {
  const std::lock_guard lock(mutex_);
  return phase_;
}

ReadinessReport Readiness::report() const {
  const std::lock_guard lock(mutex_);
  ReadinessReport report;
  if (phase_ == Phase::Starting) report.reason = "starting";
  if (phase_ == Phase::Stopping) report.reason = "shutting down";
  for (const auto& [name, check] : checks_) {
    report.checks.emplace_back(name, check_text(check.state, check.reason));
    if (check.is_required && check.state == CheckState::Error && report.reason.empty()) {
      report.reason = name + ": " + check.reason;
    }
  }
  report.is_ready = report.reason.empty();
  report.warnings.assign(warnings_.begin(), warnings_.end());
  return report;
}

}  // namespace betrace::telemetry
