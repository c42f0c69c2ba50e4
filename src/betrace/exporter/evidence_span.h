// Spans `compliance.evidence`: what a record of the log says of controls.
//
// One for each control of a rule that was violated, one for a change of a rule, one for a period of
// a control, clean or not. Ids are derived, so that sending one again changes nothing. Shape:
// docs/guide/api.md, "What sinks receive".
#pragma once

#include <string_view>
#include <vector>

#include "betrace/exporter/violation_span.h"
#include "betrace/storage/violation_tail.h"

namespace betrace::exporter {

/// Empty if the record says nothing of a control, or if `options` want none. Requires:
/// `record.is_readable`.
[[nodiscard]] std::vector<ViolationSpan> make_evidence_spans(const storage::TailRecord& record,
                                                             const SpanOptions& options);

/// Views into the span.
struct EvidenceLabels {
  std::string_view framework;
  std::string_view control;
  std::string_view outcome;
};
/// Requires: the span is of kind Evidence.
[[nodiscard]] EvidenceLabels evidence_labels(const ViolationSpan& span);

}  // namespace betrace::exporter
