#include "betrace/account/coverage_totals.h"

#include <cmath>
#include <string>
#include <string_view>

#include "betrace/model/verdict.h"
#include "betrace/telemetry/metric_catalog.h"

namespace betrace::account {
namespace {

using evidence::Counts;
using telemetry::MetricId;
using telemetry::Metrics;

std::uint64_t count_of(const Metrics& metrics, MetricId id, telemetry::LabelValues labels) {
  return static_cast<std::uint64_t>(std::llround(metrics.value(id, labels)));
}

// The words that a label may have.
std::span<const std::string_view> words_of(MetricId id, std::size_t label = 0) {
  return telemetry::metric_info(id).labels[label].values;
}

void put(Counts* counts, std::string_view name, std::uint64_t count) {
  if (count != 0) (*counts)[std::string(name)] += count;
}

void read_doors(const Metrics& metrics, evidence::Coverage* totals) {
  for (const std::string_view protocol : words_of(MetricId::SpansReceived)) {
    totals->spans_received += count_of(metrics, MetricId::SpansReceived, {protocol});
  }
  for (const std::string_view reason : words_of(MetricId::SpansRejected)) {
    put(&totals->spans_rejected, reason, count_of(metrics, MetricId::SpansRejected, {reason}));
  }
  for (const std::string_view limit : words_of(MetricId::Refused, 0)) {
    for (const std::string_view protocol : words_of(MetricId::Refused, 1)) {
      put(&totals->requests_refused, limit,
          count_of(metrics, MetricId::Refused, {limit, protocol}));
    }
  }
}

void read_spans(const engine::ShardStatistics& engine, evidence::Coverage* totals) {
  totals->spans_ingested = engine.ingested();
  put(&totals->spans_dropped, "duplicate", engine.spans_duplicate);
  put(&totals->spans_dropped, "own", engine.spans_own);
  put(&totals->spans_dropped, "trace_limit", engine.spans_trace_limit);
  put(&totals->spans_dropped, "memory", engine.spans_memory);
  put(&totals->spans_dropped, "shutdown", engine.spans_shutdown);
  put(&totals->spans_late, "redecided", engine.spans_late_redecided);
  put(&totals->spans_late, "reopened", engine.spans_late_reopened);
}

void read_traces(const engine::ShardStatistics& engine, evidence::Coverage* totals) {
  totals->traces_open = engine.traces_open;
  totals->late_window_ms =
      static_cast<std::uint64_t>(std::llround(engine.late_window_seconds * 1'000));
  for (std::size_t reason = 0; reason < engine::kCloseReasonCount; ++reason) {
    for (std::size_t grade = 0; grade < engine::kCompletenessCount; ++grade) {
      const std::uint64_t count = engine.traces_closed[reason][grade];
      if (count == 0) continue;
      const std::string_view why = model::name_of(static_cast<model::CloseReason>(reason + 1));
      put(&totals->traces_closed[std::string(why)],
          model::name_of(static_cast<model::Completeness>(grade + 1)), count);
    }
  }
}

void add_rule(const engine::RuleStatistics& rule, evidence::Coverage* totals) {
  totals->evaluations_due += rule.due();
  totals->evaluations_not_made += rule.blindness().not_made;
  totals->evaluations_skipped += rule.skipped;
  totals->violations_recorded += rule.recorded;
  totals->violations_suppressed += rule.suppressed;
  totals->violations_withdrawn += rule.withdrawn;
}

}  // namespace

evidence::Coverage coverage_totals(const engine::ShardStatistics& engine, const Metrics& metrics) {
  evidence::Coverage totals;
  read_doors(metrics, &totals);
  read_spans(engine, &totals);
  read_traces(engine, &totals);
  for (const auto& entry : engine.rules) add_rule(entry.second, &totals);
  add_rule(engine.rules_forgotten, &totals);
  return totals;
}

}  // namespace betrace::account
