// Which parts of a checked tree have a span reference of their own.
//
// Used by whatever walks a tree for what it reads.
#pragma once

#include "betrace/rules/condition.h"

namespace betrace::rules {

/// True if `value.span` means something.
[[nodiscard]] bool reads_span(const Value& value) noexcept;
/// True if `condition.span` means something.
[[nodiscard]] bool names_span(const Condition& condition) noexcept;

}  // namespace betrace::rules
