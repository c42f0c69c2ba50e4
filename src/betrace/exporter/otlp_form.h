// What an OTLP receiver is told: spans for violations, withdrawals and evidence.
#pragma once

#include <utility>

#include "betrace/exporter/checkpoint_span.h"
#include "betrace/exporter/evidence_span.h"
#include "betrace/exporter/sink_form.h"

namespace betrace::exporter {

/// Immutable.
class OtlpForm : public SinkForm {
 public:
  explicit OtlpForm(SpanOptions options) : options_(std::move(options)) {}

  [[nodiscard]] storage::TailQuery wanted() const override {
    storage::TailQuery query;
    query.with_evidence = options_.emits_evidence;
    return query;
  }

  [[nodiscard]] std::optional<Telling> tell(const storage::TailRecord& record) const override {
    Spans spans;
    const bool is_violation = !record.change && !record.compliance;
    if (is_violation) spans.push_back(make_violation_span(record, options_));
    for (ViolationSpan& span : make_evidence_spans(record, options_)) {
      spans.push_back(std::move(span));
    }
    return spans;
  }

  [[nodiscard]] std::string write(const std::vector<OutboxItem>& items) const override {
    std::vector<const ViolationSpan*> spans;
    for (const OutboxItem& item : items) {
      for (const ViolationSpan& span : std::get<Spans>(item.telling)) spans.push_back(&span);
    }
    return write_request(spans, options_);
  }

  [[nodiscard]] std::string write_checkpoint(
      const evidence::CommitEnvelope& envelope) const override {
    return exporter::write_checkpoint(envelope, options_);
  }

 private:
  const SpanOptions options_;
};

}  // namespace betrace::exporter
