#include "betrace/api/rule_statistics.h"

namespace betrace::api {
namespace {

// Estimated from samples; counted per rule by the metrics.
double cpu_seconds_of(const ApiServices& services, std::string_view rule_id) {
  return services.metrics.value(telemetry::MetricId::RuleCpuSeconds, {rule_id});
}

}  // namespace

OrderedJson rule_statistics_json(const ApiServices& services,
                                 const engine::ShardStatistics& numbers, std::string_view rule_id,
                                 UnixNanos since) {
  engine::RuleStatistics rule;
  const auto found = numbers.rules.find(rule_id);
  if (found != numbers.rules.end()) rule = found->second;
  const std::uint64_t evaluations = rule.violation + rule.pass + rule.error;
  const double cpu_seconds = cpu_seconds_of(services, rule_id);
  const double average_ms =
      evaluations == 0 ? 0.0 : cpu_seconds * 1000.0 / static_cast<double>(evaluations);
  return {
      {"total_evaluations", evaluations},
      {"total_violations", rule.recorded},
      {"total_errors", rule.error},
      {"avg_evaluation_time_ms", average_ms},
      {"cpu_seconds", cpu_seconds},
      {"last_violation_at",
       rule.last_violation == 0 ? OrderedJson() : OrderedJson(format_rfc3339(rule.last_violation))},
      {"since", format_rfc3339(since)}};
}

bool is_quarantined(const engine::ShardStatistics& numbers, std::string_view rule_id) {
  const auto found = numbers.rules.find(rule_id);
  return found != numbers.rules.end() && found->second.is_quarantined;
}

}  // namespace betrace::api
