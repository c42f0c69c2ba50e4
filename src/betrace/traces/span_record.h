// What a trace is told of every span, whether or not a rule asks for more.
//
// engine/ makes one for each span that arrives; trace_state.h keeps the ids of all and the rest of
// those that matter.
#pragma once

#include <cstdint>

#include "betrace/model/span_view.h"

namespace betrace::traces {

/// Times are Unix nanoseconds; `end` is corrected to be no earlier than `start`.
struct SpanRecord {
  model::TraceId trace_id;
  model::SpanId span_id;
  model::SpanId parent_span_id;  ///< Zero when the span is a root.
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  bool is_error = false;  ///< Its status is `error`.
  bool is_cut = false;    ///< It lost parts to a limit.

  [[nodiscard]] static SpanRecord of(const model::SpanView& span) noexcept {
    return {span.trace_id,
            span.span_id,
            span.parent_span_id,
            span.start_time_unix_nano,
            span.corrected_end(),
            span.status_code == model::StatusCode::Error,
            span.cut};
  }
  [[nodiscard]] bool is_root() const noexcept { return parent_span_id.is_zero(); }
};

}  // namespace betrace::traces
