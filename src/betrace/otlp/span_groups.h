// Divides spans into the groups that OTLP nests them in: by resource, then by scope.
//
// Used by the trace writers only.
#pragma once

#include <span>

#include "betrace/model/span_view.h"

namespace betrace::otlp {

/// True if the spans come from equal resources (attributes in equal order).
[[nodiscard]] bool same_resource(const model::SpanView& left, const model::SpanView& right);
/// True if the spans name the same scope.
[[nodiscard]] bool same_scope(const model::SpanView& left, const model::SpanView& right);

/// Calls `on_group` with each longest row of neighbours that are the `same`.
template <typename Same, typename OnGroup>
void for_each_group(std::span<const model::SpanView> spans, Same same, OnGroup on_group) {
  std::size_t begin = 0;
  for (std::size_t i = 1; i <= spans.size(); ++i) {
    if (i < spans.size() && same(spans[begin], spans[i])) continue;
    on_group(spans.subspan(begin, i - begin));
    begin = i;
  }
}

}  // namespace betrace::otlp
