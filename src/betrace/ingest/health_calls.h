// grpc.health.v1 on the OTLP/gRPC port: Check and Watch, which say what /ready says.
//
// app/ puts the rows on 4317. Public, as probes have no key. Source: the gRPC health checking
// protocol.
#pragma once

#include <vector>

#include "betrace/http/call_table.h"
#include "betrace/telemetry/readiness.h"

namespace betrace::ingest {

/// Returns the rows. Services are the empty name, the whole server, and the trace service.
/// `readiness` must outlive them.
[[nodiscard]] std::vector<http::CallMethod> health_calls(const telemetry::Readiness& readiness);

}  // namespace betrace::ingest
