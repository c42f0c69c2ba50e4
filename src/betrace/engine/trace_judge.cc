#include "betrace/engine/trace_judge.h"

namespace betrace::engine {

TraceProof::TraceProof(const traces::TraceState& trace)
    : views(trace.views()), linked(views.all, totals_of(trace)) {}

rules::TraceTotals totals_of(const traces::TraceState& trace) noexcept {
  return {trace.id(), trace.start(), trace.end(), trace.activity().span_count, trace.error_count()};
}

}  // namespace betrace::engine
