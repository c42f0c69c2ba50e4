// OTLP/JSON: the text of an ExportTraceServiceRequest becomes SpanViews, one at a time.
//
// The same results as trace_reader gives for the same message. Used by the OTLP/HTTP doors and by
// replay. The flat JSON of people is json_span_reader.h. What is accepted is said in
// docs/internals/otlp.md.
#pragma once

#include <memory>
#include <string_view>

#include "betrace/base/result.h"
#include "betrace/otlp/read_summary.h"
#include "betrace/otlp/span_delivery.h"

namespace betrace::otlp {

/// Reads requests one after the other and reuses its memory, up to a few MiB of it. Owned by one
/// worker.
class JsonTraceReader {
 public:
  explicit JsonTraceReader(const ReaderLimits& limits = {});
  ~JsonTraceReader();
  JsonTraceReader(JsonTraceReader&&) noexcept;
  JsonTraceReader& operator=(JsonTraceReader&&) noexcept;

  /// Calls `on_span` as TraceReader::read does. A text that is not UTF-8 rejects just its span.
  /// Error InvalidArgument: not JSON, nested deeper than `json_depth_max`, or a member of a wrong
  /// type, which the message names; the spans that were delivered before it was seen must be
  /// forgotten. Error LimitExceeded: more than `spans_max` spans; none was delivered.
  [[nodiscard]] Result<ReadSummary> read(std::string_view json, const SpanCallback& on_span,
                                         const model::SpanInterest* interest = nullptr);

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace betrace::otlp
