// Calculation with values: numbers, numeric texts and durations. Source:
// docs/guide/rule-reference.md, 4.3.
//
// Every function gives nil for what has no result; nothing here can fail.
#pragma once

#include "betrace/rules/runtime_value.h"

namespace betrace::rules {

/// Integers stay integers unless they overflow, then the result is a double. A duration that would
/// overflow becomes the longest one of its sign.
[[nodiscard]] RuntimeValue add(const RuntimeValue& left, const RuntimeValue& right);
[[nodiscard]] RuntimeValue subtract(const RuntimeValue& left, const RuntimeValue& right);
[[nodiscard]] RuntimeValue multiply(const RuntimeValue& left, const RuntimeValue& right);
/// Gives a double, or a duration for duration / number. Nil for a zero divisor.
[[nodiscard]] RuntimeValue divide(const RuntimeValue& left, const RuntimeValue& right);
[[nodiscard]] RuntimeValue negate(const RuntimeValue& value);

/// Characters of a text, items of a list or map.
[[nodiscard]] RuntimeValue length(const RuntimeValue& value);
/// ASCII letters only.
[[nodiscard]] RuntimeValue lower(const RuntimeValue& value);
[[nodiscard]] RuntimeValue upper(const RuntimeValue& value);

}  // namespace betrace::rules
