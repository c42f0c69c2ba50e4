// The fields of spans, events and links, and how each is read. Source:
// docs/guide/rule-reference.md, 2.1 and 4.4.
//
// A table of accessors for the evaluator. Names of fields are the checker's business.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "betrace/rules/bindings.h"
#include "betrace/rules/condition.h"
#include "betrace/rules/linked_trace.h"
#include "betrace/rules/runtime_value.h"

namespace betrace::rules {

/// Nanoseconds from start to end, at most what 63 bits hold.
[[nodiscard]] inline std::int64_t duration_ns(const model::SpanView& span) noexcept {
  constexpr std::uint64_t kGreatest = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(
      std::min(span.corrected_end() - span.start_time_unix_nano, kGreatest));
}

/// Reads a field; nil if the span is absent. `trace` may be null for the fields that need no other
/// span (all but is_orphan, depth, child_count); those are nil without it.
[[nodiscard]] RuntimeValue read_field(SpanField field, const BoundSpan& span,
                                      const LinkedTrace* trace);

[[nodiscard]] RuntimeValue read_field(EventField field, const model::EventView& event);
[[nodiscard]] RuntimeValue read_field(LinkField field, const model::LinkView& link);

}  // namespace betrace::rules
