// Aggregate functions over values that were read from the fitting spans.
//
// Pure: which spans fit and what is read from them is aggregate_reader's business. Source:
// docs/guide/rule-reference.md, 4.4.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "betrace/rules/condition.h"
#include "betrace/rules/runtime_value.h"

namespace betrace::rules {

/// One counted span with its value.
struct Sample {
  std::uint32_t span = 0;
  RuntimeValue value;
};

/// `value` as an aggregate counts it; nil if it does not count: CountDistinct takes any value but
/// nil, Count needs none, the others take numbers and numeric texts that are not NaN.
[[nodiscard]] RuntimeValue sample_value(AggregateKind kind, const RuntimeValue& value);

/// The aggregate of samples in canonical order; nil if there is none, but 0 for the two counts.
/// A duration where all samples are durations. Requires: each value comes from sample_value().
/// Cost: n log n at most.
[[nodiscard]] RuntimeValue aggregate(AggregateKind kind, double percent,
                                     std::span<const Sample> samples);

/// The first sample with the value that `min` or `max` has. Requires: `samples` is not empty.
[[nodiscard]] const Sample& extreme(AggregateKind kind, std::span<const Sample> samples);

/// Appends bytes that are equal for two values if and only if type and value are. Used to tell
/// distinct values and groups apart. (Values nested deeper than 128 are cut there.)
void append_identity(const RuntimeValue& value, std::string* bytes);

}  // namespace betrace::rules
