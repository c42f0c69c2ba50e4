// The OTLP/gRPC door: TraceService/Export as a row of a call table.
//
// app/ puts it on 4317 beside the health calls. Decodes, counts, and hands the spans to the
// engine's door; knows nothing of rules, nor of HTTP/2. Source: docs/internals/grpc.md; OTLP
// specification 1.x.
#pragma once

#include <string_view>

#include "betrace/engine/span_sink.h"
#include "betrace/http/call_table.h"
#include "betrace/ingest/spans_taken.h"
#include "betrace/otlp/read_summary.h"
#include "betrace/telemetry/metrics.h"

namespace betrace::ingest {

inline constexpr std::string_view kTraceService =
    "opentelemetry.proto.collector.trace.v1.TraceService";

/// Returns the row of Export. `sink` and `metrics` must outlive it.
[[nodiscard]] http::CallMethod otlp_grpc_export(engine::SpanSink& sink, telemetry::Metrics& metrics,
                                                const otlp::ReaderLimits& limits = {},
                                                SpansTaken taken = {});

/// Returns UNAVAILABLE with a RetryInfo of a second, for refusals of the listener.
[[nodiscard]] http::CallStatus otlp_retry_later(std::string_view message);

}  // namespace betrace::ingest
