#include "betrace/api/stats_handler.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "betrace/api/query.h"
#include "betrace/base/version.h"
#include "betrace/evidence/coverage.h"
#include "betrace/telemetry/metric_catalog.h"

namespace betrace::api {
namespace {

using std::chrono::seconds;
using telemetry::MetricId;

struct StatsWindow {
  std::string_view name;
  seconds length;
  std::size_t buckets;  // of the timeline
};

// The default first.
constexpr std::array kStatsWindows = {
    StatsWindow{"24h", std::chrono::hours(24), 24}, StatsWindow{"1h", std::chrono::hours(1), 12},
    StatsWindow{"6h", std::chrono::hours(6), 24}, StatsWindow{"7d", std::chrono::hours(168), 28}};

constexpr std::array kSeverities = {model::Severity::Critical, model::Severity::High,
                                    model::Severity::Medium, model::Severity::Low};
constexpr std::array<std::string_view, 7> kGradeNames = {
    "none", "reopened", "shed", "truncated", "no_root", "orphans", "complete"};
constexpr std::array<std::string_view, 6> kReasonNames = {"complete",   "idle",   "max_age",
                                                          "span_limit", "memory", "shutdown"};

const StatsWindow& read_window(QueryReader& query) {
  std::vector<std::string_view> names;
  for (const StatsWindow& window : kStatsWindows) names.push_back(window.name);
  return kStatsWindows[query.choice("window", names)];
}

double rounded(double value) {
  constexpr double kPlaces = 1e6;
  return static_cast<double>(static_cast<std::int64_t>(value * kPlaces + 0.5)) / kPlaces;
}

OrderedJson rules_json(const control::LoadedRules& loaded) {
  std::array<std::uint64_t, kSeverities.size()> counts{};
  std::uint64_t enabled = 0;
  for (const control::LoadedRulePtr& rule : loaded.rules) {
    enabled += rule->rule.enabled ? 1 : 0;
    const auto at = std::ranges::find(kSeverities, rule->rule.severity);
    ++counts[static_cast<std::size_t>(at - kSeverities.begin())];
  }
  OrderedJson by_severity = OrderedJson::object();
  for (std::size_t i = 0; i < kSeverities.size(); ++i) {
    by_severity[std::string(model::name_of(kSeverities[i]))] = counts[i];
  }
  return {{"total", loaded.rules.size()},
          {"enabled", enabled},
          {"by_severity", std::move(by_severity)}};
}

OrderedJson spans_json(const evidence::Coverage& seen) {
  const double length = seen.to > seen.from ? static_cast<double>(seen.to - seen.from) /
                                                  static_cast<double>(kNanosPerSecond)
                                            : 0;
  const auto received = static_cast<double>(seen.spans_received);
  return {{"received", seen.spans_received},
          {"ingested", seen.spans_ingested},
          {"rejected", evidence::sum(seen.spans_rejected)},
          {"dropped", evidence::sum(seen.spans_dropped)},
          {"late", evidence::sum(seen.spans_late)},
          {"per_second", length == 0 ? 0 : rounded(received / length)}};
}

OrderedJson traces_json(const evidence::Coverage& seen, std::uint64_t open) {
  OrderedJson closed_by = OrderedJson::object();
  for (const std::string_view reason : kReasonNames) {
    const auto found = seen.traces_closed.find(reason);
    closed_by[std::string(reason)] =
        found == seen.traces_closed.end() ? 0 : evidence::sum(found->second);
  }
  const engine::Blindness blindness{seen.evaluations_due, seen.evaluations_not_made};
  return {{"open", open},
          {"closed", seen.traces_closed_count()},
          {"late_window_seconds", static_cast<double>(seen.late_window_ms) / 1'000},
          {"closed_by", std::move(closed_by)},
          {"blind_ratio", rounded(blindness.ratio())}};
}

OrderedJson top_json(const std::vector<storage::ViolationSummary::Count>& counts, bool is_rules) {
  OrderedJson top = OrderedJson::array();
  for (const storage::ViolationSummary::Count& each : counts) {
    OrderedJson entry = {{is_rules ? "rule_id" : "service", each.key}};
    if (is_rules) entry["rule_name"] = each.name;
    entry["count"] = each.count;
    top.push_back(std::move(entry));
  }
  return top;
}

// Index = number of the enumerator - 1; the gravest first.
OrderedJson severities_json(const std::array<std::uint64_t, 4>& by_severity) {
  OrderedJson json = OrderedJson::object();
  for (const model::Severity severity : kSeverities) {
    json[std::string(model::name_of(severity))] =
        by_severity[static_cast<std::size_t>(severity) - 1];
  }
  return json;
}

OrderedJson violations_json(const storage::ViolationSummary& summary, std::uint64_t suppressed) {
  OrderedJson by_completeness = OrderedJson::object();
  for (std::size_t i = 1; i < kGradeNames.size(); ++i) {
    by_completeness[std::string(kGradeNames[i])] = summary.by_completeness[i];
  }
  by_completeness[std::string(kGradeNames[0])] = summary.by_completeness[0];
  OrderedJson timeline = OrderedJson::array();
  for (const storage::ViolationSummary::Bucket& bucket : summary.timeline) {
    OrderedJson slice = {{"start", format_rfc3339(bucket.start)}};
    slice.update(severities_json(bucket.by_severity));
    timeline.push_back(std::move(slice));
  }
  return {{"total", summary.total},
          {"by_severity", severities_json(summary.by_severity)},
          {"by_completeness", std::move(by_completeness)},
          {"withdrawn", summary.withdrawn},
          {"suppressed", suppressed},
          {"top_rules", top_json(summary.top_rules, true)},
          {"top_services", top_json(summary.top_services, false)},
          {"timeline", std::move(timeline)}};
}

OrderedJson export_json(const ApiServices& services) {
  const auto number = [&services](MetricId id) {
    return static_cast<std::uint64_t>(services.metrics.value(id));
  };
  std::string state = "disabled";
  for (const auto& [check, text] : services.readiness.report().checks) {
    if (check == telemetry::Readiness::kOtlpExporter) state = text;
  }
  std::uint64_t failures = 0;
  for (const std::string_view reason :
       telemetry::metric_info(MetricId::OtlpExportFailures).labels[0].values) {
    failures +=
        static_cast<std::uint64_t>(services.metrics.value(MetricId::OtlpExportFailures, {reason}));
  }
  return {{"state", state},
          {"backlog_records", number(MetricId::ExportBacklogRecords)},
          {"backlog_bytes", number(MetricId::ExportBacklogBytes)},
          {"oldest_seconds", services.metrics.value(MetricId::ExportOldestSeconds)},
          {"failures", failures}};
}

// Null while nothing was sampled.
OrderedJson quantile_ms(const ApiServices& services, double q) {
  const auto value = services.metrics.quantile(MetricId::RuleEvaluationDurationSeconds, q);
  return value ? OrderedJson(rounded(*value * 1'000)) : OrderedJson();
}

std::uint64_t errors_of(const engine::ShardStatistics& numbers) {
  std::uint64_t errors = numbers.rules_forgotten.error;
  for (const auto& entry : numbers.rules) errors += entry.second.error;
  return errors;
}

}  // namespace

Reply<http::Response> StatsHandler::stats(const http::Request& request,
                                          const http::PathParameters&) const {
  QueryReader query(request.head);
  const StatsWindow& window = read_window(query);
  if (auto mistake = query.finish()) return refuse(std::move(*mistake));

  const Now now = services_.clock();
  const engine::ShardStatistics numbers = services_.statistics();
  const evidence::Coverage seen = services_.seen_since(now, window.length);
  const auto length = static_cast<UnixNanos>(std::chrono::nanoseconds(window.length).count());
  const UnixNanos start = now.wall - std::min(now.wall, length);
  const auto summary = services_.violations.summary(start, now.wall + 1, window.buckets);
  if (!summary) return refuse(to_api_error(summary.error()));
  const auto uptime =
      std::chrono::duration_cast<seconds>(now.monotonic - options_.started.monotonic);
  return json_reply(
      200, {{"version", version()},
            {"uptime_seconds", uptime.count()},
            {"window_seconds", window.length.count()},
            {"rules", rules_json(*services_.rules.rules())},
            {"spans", spans_json(seen)},
            {"traces", traces_json(seen, numbers.traces_open)},
            {"violations", violations_json(*summary, seen.violations_suppressed)},
            {"evaluation",
             {{"p50_ms", quantile_ms(services_, 0.5)},
              {"p95_ms", quantile_ms(services_, 0.95)},
              {"p99_ms", quantile_ms(services_, 0.99)},
              {"errors", errors_of(numbers)}}},
            {"export", export_json(services_)},
            {"storage",
             {{"violation_bytes", services_.violations.status().file_bytes},
              {"violation_capacity_bytes", static_cast<std::uint64_t>(services_.metrics.value(
                                               MetricId::ViolationStoreCapacityBytes))}}},
            {"signing", options_.signing},
            {"auth", options_.auth}});
}

}  // namespace betrace::api
