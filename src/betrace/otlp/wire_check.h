// Checks the structure of a whole request before any of it is believed.
//
// trace_reader calls it first, so that a malformed request delivers no span at all. It looks at
// tags, lengths and nesting; texts, ids and limits of a span are the reader's.
#pragma once

#include <cstdint>
#include <string_view>

#include "betrace/base/result.h"

namespace betrace::otlp {

/// Returns the number of spans in the ExportTraceServiceRequest `bytes`.
/// Error InvalidArgument: libprotobuf would not parse it, or messages and groups are nested deeper
/// than `depth_max` below the request; the message says at which byte.
/// Cost: one pass over tags and lengths, no allocation.
[[nodiscard]] Result<std::uint64_t> check_request(std::string_view bytes, std::uint32_t depth_max);

}  // namespace betrace::otlp
