// Whether two copies of a span say the same: a resent span is a duplicate, another one a conflict.
#pragma once

#include "betrace/model/span_view.h"

namespace betrace::traces {

/// True if every field, attribute, event and link is equal, in the same order. Doubles are compared
/// by their bits, so that NaN equals itself.
[[nodiscard]] bool is_same_span(const model::SpanView& left, const model::SpanView& right);

}  // namespace betrace::traces
