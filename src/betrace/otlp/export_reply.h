// What an OTLP receiver answers, read: the counterpart of export_response.
//
// Used by the exporter, for bodies in protobuf only. What an answer means is decided there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "betrace/base/result.h"
#include "betrace/otlp/export_response.h"

namespace betrace::otlp {

/// ExportTracePartialSuccess; as it is here if the answer holds none.
struct PartialSuccess {
  std::uint64_t rejected_spans = 0;  ///< A negative number counts as none.
  std::string message;               ///< Without rejected spans: a warning. Any bytes.
};

/// Reads an ExportTraceServiceResponse. Error Corrupt: it is none.
[[nodiscard]] Result<PartialSuccess> read_export_response(std::string_view body);

/// Reads a google.rpc.Status; of its details RetryInfo only. Error Corrupt: it is none.
[[nodiscard]] Result<RpcStatus> read_status(std::string_view body);

}  // namespace betrace::otlp
