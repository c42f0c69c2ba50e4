// The way back: SpanViews as an ExportTraceServiceRequest, in protobuf or JSON.
//
// Used by the demo, the load generator, the exporter and tests. What a reader of this module makes
// of the result is equal to what was written.
#pragma once

#include <span>
#include <string>

#include "betrace/model/span_view.h"

namespace betrace::otlp {

/// Returns the request as protobuf. Neighbours with equal resource and scope share one group;
/// `cut` is not written.
[[nodiscard]] std::string write_protobuf(std::span<const model::SpanView> spans);

/// Returns the request as OTLP/JSON on one line without a line feed; invalid UTF-8 becomes U+FFFD.
[[nodiscard]] std::string write_json(std::span<const model::SpanView> spans);

}  // namespace betrace::otlp
