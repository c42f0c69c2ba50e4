#include "betrace/app/engine_metrics.h"

#include "betrace/model/verdict.h"

namespace betrace::app {
namespace {

using telemetry::MetricId;
using telemetry::Metrics;

double number(std::uint64_t value) { return static_cast<double>(value); }

void set_span_metrics(const engine::ShardStatistics& statistics, Metrics& metrics) {
  for (const auto& [protocol, count] : statistics.spans_ingested) {
    metrics.set(MetricId::SpansIngested, {protocol}, number(count));
  }
  metrics.set(MetricId::SpansDropped, {"duplicate"}, number(statistics.spans_duplicate));
  metrics.set(MetricId::SpansDropped, {"own"}, number(statistics.spans_own));
  metrics.set(MetricId::SpansDropped, {"trace_limit"}, number(statistics.spans_trace_limit));
  metrics.set(MetricId::SpansDropped, {"memory"}, number(statistics.spans_memory));
  metrics.set(MetricId::SpansDropped, {"shutdown"}, number(statistics.spans_shutdown));
  metrics.set(MetricId::SpansConflicting, number(statistics.spans_conflicting));
  metrics.set(MetricId::SpansLate, {"redecided"}, number(statistics.spans_late_redecided));
  metrics.set(MetricId::SpansLate, {"reopened"}, number(statistics.spans_late_reopened));
}

void set_trace_metrics(const engine::ShardStatistics& statistics, Metrics& metrics) {
  metrics.set(MetricId::TracesOpen, number(statistics.traces_open));
  metrics.set(MetricId::LateWindowSeconds, statistics.late_window_seconds);
  metrics.set(MetricId::ClosingLagSeconds, statistics.closing_lag_seconds);
  metrics.set(MetricId::MemoryBytes, number(statistics.traces_bytes));
  metrics.set(MetricId::TracesShed, number(statistics.closed(model::Completeness::Shed)));
  metrics.set(MetricId::TracesTruncated, number(statistics.closed(model::Completeness::Truncated)));
  for (std::size_t reason = 0; reason < engine::kCloseReasonCount; ++reason) {
    for (std::size_t grade = 0; grade < engine::kCompletenessCount; ++grade) {
      metrics.set(MetricId::TracesClosed,
                  {model::name_of(static_cast<model::CloseReason>(reason + 1)),
                   model::name_of(static_cast<model::Completeness>(grade + 1))},
                  number(statistics.traces_closed[reason][grade]));
    }
  }
}

void set_rule_metrics(const std::string& id, const engine::RuleStatistics& rule, Metrics& metrics) {
  metrics.set(MetricId::RuleEvaluations, {id, "violation"}, number(rule.violation));
  metrics.set(MetricId::RuleEvaluations, {id, "pass"}, number(rule.pass));
  metrics.set(MetricId::RuleEvaluations, {id, "error"}, number(rule.error));
  metrics.set(MetricId::RuleEvaluations, {id, "skipped"}, number(rule.skipped));
  metrics.set(MetricId::RuleEvaluations, {id, "not_made"}, number(rule.not_made));
  metrics.set(MetricId::RuleEvaluationErrors, {id, "budget"}, number(rule.error));
  metrics.set(MetricId::ViolationsSuppressed, {id}, number(rule.suppressed));
  metrics.set(MetricId::ViolationsWithdrawn, {id}, number(rule.withdrawn));
  metrics.set(MetricId::RuleBlindRatio, {id}, rule.recent.ratio());
}

}  // namespace

void set_engine_metrics(const engine::ShardStatistics& statistics, Metrics& metrics) {
  set_span_metrics(statistics, metrics);
  set_trace_metrics(statistics, metrics);
  for (const auto& [id, rule] : statistics.rules) set_rule_metrics(id, rule, metrics);
  metrics.set(MetricId::BlindRatio, statistics.recent_blindness().ratio());
}

void set_storage_metrics(const storage::RuleStoreStatus& rules,
                         const storage::ViolationLogStatus& log, Metrics& metrics) {
  metrics.set(MetricId::ViolationStoreSizeBytes, number(log.file_bytes));
  metrics.set(MetricId::ViolationStoreCapacityBytes, number(log.bytes_max));
  metrics.set(MetricId::ViolationStoreEvicted, {"age"}, number(log.removed_for_age));
  metrics.set(MetricId::ViolationStoreEvicted, {"bytes"}, number(log.removed_for_bytes));
  metrics.set(MetricId::LogPending, number(log.pending_records));
  for (std::size_t type = 0; type < log.records_by_type.size(); ++type) {
    const std::string_view name = storage::name_of(static_cast<storage::LogRecordType>(type));
    if (!name.empty()) {
      metrics.set(MetricId::EvidenceRecords, {name}, number(log.records_by_type[type]));
    }
  }
  metrics.set(MetricId::StorageReadOnly, rules.is_read_only || log.is_failing ? 1 : 0);
  metrics.set(MetricId::StorageQuarantined, number(rules.quarantined + log.quarantined));
}

}  // namespace betrace::app
