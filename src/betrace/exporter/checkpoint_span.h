// A checkpoint of the violation log as the OTLP span that sinks receive.
//
// Its ids are derived from the commit, so that sending it again changes nothing. Shape:
// docs/guide/evidence.md, "Checkpoints".
#pragma once

#include <string>

#include "betrace/evidence/dsse.h"
#include "betrace/exporter/violation_span.h"

namespace betrace::exporter {

/// Returns an ExportTraceServiceRequest with the span `betrace.checkpoint`, in protobuf; empty if
/// the payload is no commit.
[[nodiscard]] std::string write_checkpoint(const evidence::CommitEnvelope& envelope,
                                           const SpanOptions& options);

}  // namespace betrace::exporter
