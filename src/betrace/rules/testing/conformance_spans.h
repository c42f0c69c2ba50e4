// Test support: spans written as JSON, kind and status as their OTLP numbers, times as integers.
//
// Used by tests and fuzz targets of rules/, which may not know otlp/. It trusts its input; product
// code reads spans with otlp/.
#pragma once

#include <vector>

#include "betrace/base/json.h"
#include "betrace/model/kept_span.h"
#include "betrace/rules/linked_trace.h"

namespace betrace::rules {

/// The spans of a JSON array, in its order. Members may be missing: `trace_id` is 1 then, numbers
/// are 0, all else is empty.
[[nodiscard]] std::vector<model::KeptSpan> spans_of_json(const Json& array);

/// The spans as one trace that arrived in this order. `spans` must outlive it.
[[nodiscard]] LinkedTrace link(const std::vector<const model::KeptSpan*>& spans);
[[nodiscard]] LinkedTrace link(const std::vector<model::KeptSpan>& spans);

}  // namespace betrace::rules
