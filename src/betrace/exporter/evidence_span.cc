#include "betrace/exporter/evidence_span.h"

#include <algorithm>
#include <span>
#include <string>

#include "betrace/base/check.h"
#include "betrace/base/sha256.h"
#include "betrace/model/control.h"

namespace betrace::exporter {
namespace {

using storage::TailRecord;

// The first texts of each span, in this order.
constexpr std::size_t kFrameworkText = 0;
constexpr std::size_t kControlText = 1;
constexpr std::size_t kOutcomeText = 2;

// What the ids are derived from: the violation, on whatever machine it was found, else the record.
Sha256 evidence_digest(const TailRecord& record, const model::Control& control) {
  const bool is_violation = record.type == storage::LogRecordType::Violation;
  const Sha256& fact = is_violation ? record.record.violation.key.digest : record.leaf;
  std::string text(fact.begin(), fact.end());
  return sha256(text + control.tag());
}

template <typename Id>
Id evidence_id(std::span<const std::uint8_t> bytes) {
  Id id;
  std::copy_n(bytes.begin(), id.bytes.size(), id.bytes.begin());
  if (id.is_zero()) id.bytes.back() = 1;
  return id;
}

void add_text(ViolationSpan* span, std::string_view name, std::string_view text) {
  span->texts.emplace_back("compliance." + std::string(name), text);
}

void add_number(ViolationSpan* span, std::string_view name, std::uint64_t number) {
  span->numbers.emplace_back("compliance." + std::string(name),
                             static_cast<std::int64_t>(std::min<std::uint64_t>(number, INT64_MAX)));
}

// What is the same for all of them, in a trace of its own.
ViolationSpan evidence_span(const TailRecord& record, const model::Control& control,
                            std::string_view outcome, std::string_view evidence_type) {
  const Sha256 digest = evidence_digest(record, control);
  ViolationSpan span;
  span.kind = SpanKind::Evidence;
  span.trace_id = evidence_id<model::TraceId>(digest);
  span.span_id = evidence_id<model::SpanId>(std::span(digest).subspan(16));
  span.start_time = span.time = record.time;
  span.is_signed = !record.place.signature.empty();
  add_text(&span, "framework", control.framework);
  add_text(&span, "control", control.name);
  add_text(&span, "outcome", outcome);
  add_text(&span, "evidence_type", evidence_type);
  add_text(&span, "sequence", std::to_string(record.sequence));
  if (span.is_signed) add_text(&span, "signature", record.place.signature);
  return span;
}

std::vector<ViolationSpan> violation_evidence(const TailRecord& record,
                                              const SpanOptions& options) {
  const model::Violation& violation = record.record.violation;
  const std::vector<model::Control> controls = model::controls_of(violation.tags);
  if (controls.empty()) return {};
  const ViolationSpan told = make_violation_span(record, options);
  std::vector<ViolationSpan> spans;
  for (const model::Control& control : controls) {
    ViolationSpan span = evidence_span(record, control, "violation", "violation");
    span.trace_id = told.trace_id;
    span.parent_span_id = told.span_id;
    add_text(&span, "violation_id", violation.key.id());
    add_text(&span, "rule_id", violation.rule_id);
    add_text(&span, "severity", model::name_of(violation.severity));
    if (violation.completeness) {
      add_text(&span, "completeness", model::name_of(*violation.completeness));
    }
    spans.push_back(std::move(span));
  }
  return spans;
}

ViolationSpan change_evidence(const TailRecord& record) {
  const storage::RuleChangeRecord& change = *record.change;
  const std::string tag(model::kChangeControl);
  const model::Control control = model::controls_of({&tag, 1}).front();
  ViolationSpan span = evidence_span(record, control, "rule_change", "rule_change");
  add_text(&span, "rule_id", change.rule_id);
  add_text(&span, "change", change.change);
  add_text(&span, "actor", change.actor);
  add_text(&span, "source", change.source);
  add_number(&span, "revision", change.revision);
  return span;
}

ViolationSpan period_evidence(const TailRecord& record) {
  const evidence::Compliance& period = *record.compliance;
  ViolationSpan span = evidence_span(record, period.control, period.outcome(), "period");
  span.start_time = std::min(period.coverage.from, period.coverage.to);
  span.time = period.coverage.to;
  add_number(&span, "rules", period.rule_count);
  add_number(&span, "evaluations_due", period.verdict.evaluations_due);
  add_number(&span, "evaluations_not_made", period.verdict.evaluations_not_made);
  add_number(&span, "violations", period.verdict.violations);
  add_number(&span, "violations_suppressed", period.verdict.suppressed);
  add_number(&span, "coverage.records", period.coverage_records);
  add_number(&span, "coverage.spans_received", period.coverage.spans_received);
  add_number(&span, "coverage.spans_ingested", period.coverage.spans_ingested);
  add_number(&span, "coverage.traces_closed", period.coverage.traces_closed_count());
  add_number(&span, "coverage.traces_complete", period.coverage.traces_closed_count("complete"));
  add_number(&span, "coverage.evaluations_due", period.coverage.evaluations_due);
  add_number(&span, "coverage.evaluations_not_made", period.coverage.evaluations_not_made);
  return span;
}

}  // namespace

std::vector<ViolationSpan> make_evidence_spans(const TailRecord& record,
                                               const SpanOptions& options) {
  if (!options.emits_evidence) return {};
  if (record.change) return {change_evidence(record)};
  if (record.compliance) return {period_evidence(record)};
  if (record.type == storage::LogRecordType::Violation) return violation_evidence(record, options);
  return {};
}

EvidenceLabels evidence_labels(const ViolationSpan& span) {
  BETRACE_CHECK(span.kind == SpanKind::Evidence);
  return {span.texts[kFrameworkText].second, span.texts[kControlText].second,
          span.texts[kOutcomeText].second};
}

}  // namespace betrace::exporter
