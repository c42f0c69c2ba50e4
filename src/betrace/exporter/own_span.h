// What BeTrace did for a request, as a span of its own: what `tracing.enabled` exports.
//
// Made by app/request_tracer, sent by exporter/own_traces. Its scope is that of exported
// violations, so that whatever comes back is dropped at the door and never judged.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "betrace/base/time.h"
#include "betrace/exporter/violation_span.h"
#include "betrace/model/ids.h"

namespace betrace::exporter {

/// Movable.
struct OwnSpan {
  std::string name;  ///< `GET /v1/rules/{id}`, `TraceService/Export`
  model::TraceId trace_id;
  model::SpanId span_id;
  model::SpanId parent_span_id;  ///< Of the client, if it told; else zero.
  UnixNanos start_time = 0;
  UnixNanos end_time = 0;
  bool is_error = false;
  std::vector<std::pair<std::string, std::string>> texts;
  std::vector<std::pair<std::string, std::int64_t>> numbers;
};

/// Returns an ExportTraceServiceRequest with the spans, in protobuf; the resource is that of
/// `options`.
[[nodiscard]] std::string write_own_spans(std::span<const OwnSpan> spans,
                                          const SpanOptions& options);

}  // namespace betrace::exporter
