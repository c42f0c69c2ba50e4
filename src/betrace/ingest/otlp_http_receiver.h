// The OTLP/HTTP door: POST /v1/traces, protobuf and JSON, as a few rows of a route table.
//
// app/ puts the rows on 4318 and on the API's port. Decodes, counts, and hands the spans to the
// engine's door; knows nothing of rules. Source: docs/guide/api.md; OTLP
// specification 1.x.
#pragma once

#include <cstddef>
#include <vector>

#include "betrace/engine/span_sink.h"
#include "betrace/http/route_table.h"
#include "betrace/ingest/spans_taken.h"
#include "betrace/otlp/read_summary.h"
#include "betrace/telemetry/metrics.h"

namespace betrace::ingest {

struct OtlpHttpOptions {
  std::size_t body_bytes_max = 20 * 1024 * 1024;  ///< `limits.http_body`, after inflation.
  otlp::ReaderLimits limits;
  /// Pool on a port that also answers others, who must not wait for the decoding of a large body.
  http::RunOn run = http::RunOn::Inline;
  SpansTaken taken = {};
};

/// Returns the rows of an OTLP/HTTP receiver: traces, and the refusal of the other signals. `sink`
/// and `metrics` must outlive them.
[[nodiscard]] std::vector<http::Route> otlp_http_routes(engine::SpanSink& sink,
                                                        telemetry::Metrics& metrics,
                                                        const OtlpHttpOptions& options = {});

/// Returns a google.rpc.Status in the type of the request, JSON if that is neither of the two.
[[nodiscard]] http::Response otlp_error(const http::Problem& problem,
                                        const http::RequestHead& head);

}  // namespace betrace::ingest
