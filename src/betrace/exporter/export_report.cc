#include "betrace/exporter/export_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "betrace/exporter/evidence_span.h"

namespace betrace::exporter {
namespace {

using telemetry::CheckState;
using telemetry::MetricId;
using telemetry::Readiness;

constexpr UnixNanos kGapInterval = 60 * kNanosPerSecond;

std::string_view kind_label(SpanKind kind) {
  constexpr std::array<std::string_view, 3> kLabels = {"violation", "withdrawn", "evidence"};
  return kLabels[static_cast<std::size_t>(kind)];
}

double as_value(std::uint64_t count) { return static_cast<double>(count); }

}  // namespace

void ExportReport::started() {
  if (is_export()) services_.readiness.set(Readiness::kOtlpExporter, CheckState::Ok);
}

void ExportReport::answered(const SinkOutcome& outcome, const std::vector<OutboxItem>& items) {
  if (!is_export()) {
    const bool is_delivered = outcome.verdict == SinkVerdict::Delivered;
    services_.metrics.add(MetricId::Notifications, {sink_, is_delivered ? "delivered" : "failed"});
    return;
  }
  if (outcome.verdict != SinkVerdict::Delivered) {
    services_.metrics.add(MetricId::OtlpExportFailures, {outcome.reason});
    return;
  }
  for (const OutboxItem& item : items) {
    for (const ViolationSpan& span : std::get<Spans>(item.telling)) {
      services_.metrics.add(MetricId::OtlpExportedSpans, {kind_label(span.kind)});
    }
  }
  if (!outcome.message.empty()) {
    services_.logger.warn("the sink of violations warns",
                          {{"sink", sink_name_}, {"message", outcome.message}});
  }
}

void ExportReport::queued(const OutboxItem& item) {
  if (!is_export()) return;
  for (const ViolationSpan& span : std::get<Spans>(item.telling)) {
    if (span.kind != SpanKind::Evidence) continue;
    const EvidenceLabels labels = evidence_labels(span);
    services_.metrics.add(MetricId::ComplianceSpansEmitted,
                          {labels.framework, labels.control, labels.outcome});
  }
}

void ExportReport::unreadable(const storage::TailRecord& record) {
  if (!is_export() || record.type == storage::LogRecordType::Violation) return;
  if (record.type == storage::LogRecordType::Revision) return;
  services_.metrics.add(MetricId::ComplianceSpanEmissionsFailed);
}

void ExportReport::parked(const ParkedNow& parked, UnixNanos now) {
  const storage::ParkedRange& range = parked.range;
  services_.metrics.add(MetricId::ExportParked, {range.reason}, as_value(parked.records));
  ParkedSum& sum = parked_[range.reason];
  if (sum.records == 0) {
    sum = {0, range.first_sequence, range.last_sequence, now, now};
    services_.logger.warn("violations are parked: they stay in the log and are not at the sink",
                          {{"sink", sink_name_},
                           {"reason", range.reason},
                           {"message", parked.message},
                           {"sequence", range.first_sequence}});
  }
  sum.records += parked.records;
  sum.first_sequence = std::min(sum.first_sequence, range.first_sequence);
  sum.last_sequence = std::max(sum.last_sequence, range.last_sequence);
  sum.last_time = now;
}

void ExportReport::tell_gaps(UnixNanos now, bool is_last) {
  std::erase_if(parked_, [&](const auto& entry) {
    const auto& [reason, sum] = entry;
    const bool is_due = is_last || now < sum.first_time || now - sum.first_time >= kGapInterval;
    if (!is_due) return false;
    services_.log.record_gap({reason, "", sum.records, sum.first_time, sum.last_time},
                             {sum.first_sequence, sum.last_sequence});
    return true;
  });
}

void ExportReport::show(const ExportStanding& standing, UnixNanos now) {
  if (is_export()) {
    show_metrics(standing, now);
    show_readiness(standing);
  }
  log_changes(standing);
}

void ExportReport::show_metrics(const ExportStanding& standing, UnixNanos now) {
  telemetry::Metrics& metrics = services_.metrics;
  metrics.set(MetricId::ExportBacklogRecords, as_value(standing.backlog_records));
  metrics.set(MetricId::ExportBacklogBytes, as_value(standing.backlog_bytes));
  metrics.set(MetricId::ExportParkedRecords, as_value(standing.parked_records));
  const UnixNanos age = standing.oldest == 0 || standing.oldest > now ? 0 : now - standing.oldest;
  metrics.set(MetricId::ExportOldestSeconds, as_value(age) / as_value(kNanosPerSecond));
}

void ExportReport::show_readiness(const ExportStanding& standing) {
  const std::string waiting = fmt::format("{} waiting", standing.backlog_records);
  CheckState state = CheckState::Ok;
  std::string reason;
  if (!standing.log_problem.empty()) {
    state = CheckState::Error;
    reason = fmt::format("{}, {}", standing.log_problem, waiting);
  } else if (standing.sink != SinkState::Fine) {
    const bool is_degraded = standing.sink == SinkState::Misconfigured;
    state = is_degraded ? CheckState::Degraded : CheckState::Error;
    reason = fmt::format("{}, {}", standing.problem, waiting);
  }
  if (reason == shown_) return;
  shown_ = reason;
  services_.readiness.set(Readiness::kOtlpExporter, state, reason);
}

// Once when it changes: the counters say how often.
void ExportReport::log_changes(const ExportStanding& standing) {
  const bool is_away = standing.sink != SinkState::Fine;
  if (is_away && !is_told_away_) {
    services_.logger.warn("the sink of violations does not take them; they wait in the log",
                          {{"sink", sink_name_},
                           {"reason", standing.problem},
                           {"waiting", standing.backlog_records}});
  }
  if (!is_away && is_told_away_) {
    services_.logger.info("the sink of violations takes them again",
                          {{"sink", sink_name_}, {"waiting", standing.backlog_records}});
  }
  is_told_away_ = is_away;
  if (standing.log_problem != told_log_problem_ && !standing.log_problem.empty()) {
    services_.logger.error("violations cannot be read for the export",
                           {{"reason", standing.log_problem}});
  }
  told_log_problem_ = standing.log_problem;
}

}  // namespace betrace::exporter
