// Reads recorded traces from files: OTLP/JSON lines or OTLP protobuf, plain or gzip.
//
// Used by `betrace replay`. Files may be larger than memory: one request is held at a time. What is
// done with the spans is the caller's business.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/base/time.h"
#include "betrace/model/kept_span.h"
#include "betrace/otlp/read_summary.h"

namespace betrace::ingest {

struct FileReaderOptions {
  /// Longest request: a line of JSON, a protobuf message, or a file that is one message.
  std::uint64_t message_bytes_max = 64ull << 20;
  /// Limits of a span. `spans_max` of a request is bounded by its bytes only.
  otlp::ReaderLimits limits = unlimited_spans();

  [[nodiscard]] static otlp::ReaderLimits unlimited_spans() noexcept {
    otlp::ReaderLimits limits;
    limits.spans_max = UINT32_MAX;
    return limits;
  }
};

/// One request of a file.
struct FileRequest {
  std::vector<model::KeptSpan> spans;  ///< The valid ones, in order.
  otlp::ReadSummary summary;
  UnixNanos latest_end = 0;       ///< Latest corrected end of `spans`; 0 if there is none.
  std::uint64_t bytes_done = 0;   ///< Of the file on disk, up to about the end of this request.
  std::uint64_t bytes_total = 0;  ///< Size of the file on disk; 0 if unknown.
};

/// Takes one request.
using FileRequestCallback = std::function<void(FileRequest)>;

/// Reads `path`, or standard input for `-`, and calls `on_request` for each request in order. The
/// form is recognised by content, not by name. A folder is an error.
/// Error: `path: line 7: malformed JSON: ...`; the requests before it have been delivered.
[[nodiscard]] Result<void> read_trace_file(const std::string& path,
                                           const FileReaderOptions& options,
                                           const FileRequestCallback& on_request);

}  // namespace betrace::ingest
