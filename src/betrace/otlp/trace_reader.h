// OTLP protobuf: the bytes of an ExportTraceServiceRequest become SpanViews, one at a time.
//
// Used by the OTLP/HTTP and gRPC doors, Kafka and replay. The fields may come in any order; what a
// malformed message, a bad span and a limit do is said in docs/internals/otlp.md.
#pragma once

#include <string_view>

#include "betrace/base/result.h"
#include "betrace/otlp/read_summary.h"
#include "betrace/otlp/span_delivery.h"

namespace betrace::otlp {

/// Reads requests one after the other and reuses its memory: no allocation per span in steady
/// state. Owned by one worker.
class TraceReader {
 public:
  explicit TraceReader(const ReaderLimits& limits = {});

  /// Calls `on_span` for each valid span in wire order, its views valid during the call only: they
  /// point into `bytes` and into this reader. Spans with a bad id or text are counted as rejected;
  /// what is over a limit of a span is cut, counted, and the span is marked `cut`.
  /// Error InvalidArgument: not such a message, or nested too deep. Error LimitExceeded: more than
  /// `spans_max` spans. The spans that were delivered before an error was seen must be forgotten.
  /// `interest`: which attributes are kept, null for all; it changes nothing else.
  [[nodiscard]] Result<ReadSummary> read(std::string_view bytes, const SpanCallback& on_span,
                                         const model::SpanInterest* interest = nullptr);

 private:
  ReaderLimits limits_;
  SpanBuilder resource_;
  SpanBuilder scope_;
  SpanBuilder span_;
};

/// The error of a request with more than `spans_max` spans, for every form of it.
[[nodiscard]] tl::unexpected<Error> too_many_spans(std::uint64_t count, std::uint32_t spans_max);

}  // namespace betrace::otlp
