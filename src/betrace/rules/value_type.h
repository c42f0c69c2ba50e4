// What can be said of a checked value without a trace: its type, and whether it is a constant.
//
// Used by the checker for impossible comparisons and by the warnings.
#pragma once

#include "betrace/rules/condition.h"
#include "betrace/rules/field_table.h"

namespace betrace::rules {

/// The type that the value has whenever it is not nil; Any if that depends on the data.
[[nodiscard]] ValueType type_of(const Value& value) noexcept;

/// True if no part of the value reads anything.
[[nodiscard]] bool is_constant(const Value& value) noexcept;

[[nodiscard]] bool is_literal(const Value& value, Literal::Type type) noexcept;

/// An attribute of a span, resource, event or link, or an element of one.
[[nodiscard]] bool is_attribute(const Value& value) noexcept;

}  // namespace betrace::rules
