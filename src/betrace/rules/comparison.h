// The comparison operators on values. Source: docs/guide/rule-reference.md, 4.2.
//
// Pure functions; what they are applied to is the business of condition_truth. Values nested deeper
// than kValueDepthMax are equal to nothing, so that hostile data cannot exhaust the stack.
#pragma once

#include "betrace/rules/condition.h"
#include "betrace/rules/runtime_value.h"

namespace betrace::rules {

inline constexpr int kValueDepthMax = 128;

/// `left == right`. Cost: for maps n log n, else linear in the values.
[[nodiscard]] bool is_equal(const RuntimeValue& left, const RuntimeValue& right);

/// `left op right` for any of the six operators.
[[nodiscard]] bool compare(CompareOp op, const RuntimeValue& left, const RuntimeValue& right);

/// `!=` for `==`, `>=` for `<`, and so on: the operator that claims the contrary.
[[nodiscard]] CompareOp opposite(CompareOp op) noexcept;

/// `left in right`
[[nodiscard]] bool is_in(const RuntimeValue& left, const RuntimeValue& right);

/// `left contains right`
[[nodiscard]] bool contains(const RuntimeValue& left, const RuntimeValue& right);

[[nodiscard]] bool starts_with(const RuntimeValue& left, const RuntimeValue& right) noexcept;
[[nodiscard]] bool ends_with(const RuntimeValue& left, const RuntimeValue& right) noexcept;

}  // namespace betrace::rules
