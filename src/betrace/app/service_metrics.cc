#include <chrono>
#include <utility>

#include "betrace/app/engine_metrics.h"
#include "betrace/app/service_parts.h"
#include "betrace/base/version.h"

namespace betrace::app {
namespace {

using telemetry::MetricId;

constexpr std::chrono::minutes kSlowInterval{10};

}  // namespace

Result<void> Service::Parts::export_metrics() {
  const api::AuthMode mode = options_.access.rules.mode;
  for (const std::string& name : options_.ignored_settings) {
    readiness_.warn("ignored_setting:" + name);
  }
  readiness_.warn("auth_off", mode == api::AuthMode::Off);
  readiness_.warn("auth_bootstrap", mode == api::AuthMode::Bootstrap);
  readiness_.warn("auth_insecure", mode == api::AuthMode::Insecure);
  readiness_.warn("plaintext_listener",
                  !options_.access.is_loopback_only && access_files_.tls() == nullptr);
  const bool is_enforced = mode == api::AuthMode::On || mode == api::AuthMode::Bootstrap;
  metrics_.set(MetricId::AuthEnabled, is_enforced ? 1 : 0);
  metrics_.set(MetricId::AuthBootstrap, mode == api::AuthMode::Bootstrap ? 1 : 0);
  metrics_.set(MetricId::AuthInsecure, mode == api::AuthMode::Insecure ? 1 : 0);
  readiness_.warn("signing_off", !is_signing());
  metrics_.set(MetricId::SigningEnabled, is_signing() ? 1 : 0);
  telemetry::export_process_metrics(metrics_);
  metrics_.set(MetricId::BuildInfo, {version(), "unknown"}, 1);
  metrics_.on_render([this](telemetry::Metrics& metrics) {
    set_engine_metrics(engine_->statistics(), metrics);
    set_storage_metrics(rules_->status(), violations_->status(), metrics);
    metrics.set(MetricId::EvidenceCheckpointAgeSeconds,
                std::chrono::duration<double>(checkpoints_->age(read_clocks().monotonic)).count());
  });
  return {};
}

void Service::Parts::count(std::span<const storage::CommittedRecord> committed) {
  for (const storage::CommittedRecord& each : committed) {
    const model::Violation& violation = each.record.violation;
    if (each.record.type != model::RecordType::Violation) continue;
    metrics_.add(MetricId::Violations,
                 {violation.rule_id, violation.rule_name, model::name_of(violation.severity)});
    clerk_->violation_recorded(violation);
  }
}

void Service::Parts::note(const engine::EvaluationSample& sample) {
  constexpr double kSlowSeconds = 0.01;
  const double seconds = std::chrono::duration<double>(sample.time).count();
  metrics_.observe(MetricId::RuleEvaluationDurationSeconds, seconds);
  metrics_.add(MetricId::RuleCpuSeconds, {sample.rule_id}, seconds * sample.weight);
  if (seconds <= kSlowSeconds) return;
  metrics_.add(MetricId::RuleSlowEvaluations, {sample.rule_id});
  warn_slow(std::string(sample.rule_id), seconds);
}

// Any shard may come. A slow rule is slow all the time: it is told of once in a while.
void Service::Parts::warn_slow(const std::string& rule_id, double seconds) {
  const MonotonicTime now = read_clocks().monotonic;
  {
    const std::lock_guard lock(told_slow_mutex_);
    std::erase_if(told_slow_,
                  [now](const auto& told) { return now - told.second >= kSlowInterval; });
    if (!told_slow_.emplace(rule_id, now).second) return;
  }
  log_.warn("an evaluation of a rule was slow", {{"rule_id", rule_id}, {"seconds", seconds}});
}

void Service::Parts::rules_activated(const control::LoadedRules& loaded) {
  std::set<std::string> present;
  std::size_t active = 0;
  for (const control::LoadedRulePtr& rule : loaded.rules) {
    present.insert(rule->rule.id);
    metrics_.register_rule(rule->rule.id, rule->rule.name, model::name_of(rule->rule.severity));
    if (rule->state() == control::RuleState::Active) ++active;
  }
  for (const std::string& id : registered_) {
    if (!present.contains(id)) metrics_.unregister_rule(id);
  }
  registered_ = std::move(present);
  clerk_->rules_changed(*active_.current(), read_clocks().wall);
  metrics_.set(MetricId::RulesActive, static_cast<double>(active));
  metrics_.set(MetricId::RulesLoaded, static_cast<double>(loaded.rules.size()));
  metrics_.set(MetricId::RuleLoadFailures, static_cast<double>(loaded.invalid_count()));
}

}  // namespace betrace::app
