// Flat JSON spans, as people write them: `POST /v1/spans`, `/v1/rules/test`, rule tests, `eval`.
//
// Lenient where docs/guide/api.md says so: both spellings of a member, kinds and statuses as names
// or numbers, three forms of time, any short text as an id. OTLP/JSON, the form that senders use,
// is json_trace_reader.h.
#pragma once

#include <cstddef>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "betrace/base/json.h"
#include "betrace/base/time.h"
#include "betrace/model/kept_span.h"
#include "betrace/otlp/read_summary.h"
#include "betrace/otlp/span_builder.h"

namespace betrace::otlp {

/// What a span gets that does not say it itself.
struct JsonSpanOptions {
  /// For a span without start or end; the receive time of a request.
  UnixNanos default_time = 0;
  /// Gives spans without a trace id one common id and spans without a span id one of their own,
  /// derived from `index`. Otherwise such spans are rejected.
  bool generate_ids = false;
  /// Text with this in it is invalid text; see utf8_repair.h. Empty is none.
  std::string_view invalid_marker;
  ReaderLimits limits;
};

/// True if the reader knows the member of a span object, in either spelling.
[[nodiscard]] bool is_span_member(std::string_view name) noexcept;

/// Reads one span after the other and reuses its memory. Not thread-safe.
class JsonSpanReader {
 public:
  explicit JsonSpanReader(const JsonSpanOptions& options);

  /// Returns the span that the object `json` describes, or why it is rejected: the first problem,
  /// naming the member. `index` is its place in the request.
  [[nodiscard]] tl::expected<model::KeptSpan, SpanRejection> read(const Json& json,
                                                                  std::size_t index = 0);

  /// Parts that the spans read so far lost to limits.
  [[nodiscard]] const TruncatedCounts& truncated() const noexcept { return truncated_; }

 private:
  JsonSpanOptions options_;
  SpanBuilder builder_;
  TruncatedCounts truncated_{};
};

/// The spans of one list: those taken, in order, and those rejected with their index.
struct JsonSpans {
  std::vector<model::KeptSpan> spans;
  std::vector<std::pair<std::size_t, SpanRejection>> rejections;
  TruncatedCounts truncated{};
};

/// Reads all spans of an array. Error InvalidArgument: `json` is not an array. Error LimitExceeded:
/// it has more than `limits.spans_max` items; nothing is read then.
[[nodiscard]] Result<JsonSpans> read_json_spans(const Json& json, const JsonSpanOptions& options);

}  // namespace betrace::otlp
