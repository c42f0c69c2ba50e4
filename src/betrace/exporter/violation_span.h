// A violation or a withdrawal as the OTLP span that sinks receive; evidence_span.h makes others.
//
// Made from records of the violation log; span and trace ids are derived from the violation, so
// that sending it again changes nothing. Shape: docs/guide/api.md, "What sinks receive". Sends
// nothing.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "betrace/base/time.h"
#include "betrace/model/span_view.h"
#include "betrace/storage/violation_tail.h"

namespace betrace::exporter {

/// The instrumentation scope of every span that BeTrace exports: ingest drops what has it.
inline constexpr std::string_view kOwnScope = "betrace";

/// What a sink is told.
enum class SpanKind : std::uint8_t { Violation, Withdrawal, Evidence };

/// Where the spans go and who they say they are from.
struct SpanOptions {
  /// Attributes of the resource; `service.name` is among them.
  std::vector<std::pair<std::string, std::string>> resource{{"service.name", "betrace"}};
  bool is_own_trace = false;   ///< `export.placement: own_trace`
  bool emits_evidence = true;  ///< `evidence.emit_spans`
};

/// One span, as small as its message allows: witnesses stay in the log. Movable.
struct ViolationSpan {
  SpanKind kind = SpanKind::Violation;
  model::TraceId trace_id;
  model::SpanId span_id;
  model::SpanId parent_span_id;  ///< The anchor; zero in a trace of its own, or without anchor.
  model::StatusCode status = model::StatusCode::Unset;
  UnixNanos start_time = 0;  ///< When it was decided; of a period, when it began.
  UnixNanos time = 0;        ///< When it was decided, or the period ended.
  std::string message;
  /// Beside what says of which kind it is and, if so, that it is not signed.
  std::vector<std::pair<std::string, std::string>> texts;
  std::vector<std::pair<std::string, std::int64_t>> numbers;
  bool is_signed = false;
  std::vector<std::pair<model::TraceId, model::SpanId>> links;
};

/// Requires: `record.is_readable`.
[[nodiscard]] ViolationSpan make_violation_span(const storage::TailRecord& record,
                                                const SpanOptions& options);

/// Returns an ExportTraceServiceRequest with the spans, in protobuf.
[[nodiscard]] std::string write_request(std::span<const ViolationSpan* const> spans,
                                        const SpanOptions& options);

}  // namespace betrace::exporter
