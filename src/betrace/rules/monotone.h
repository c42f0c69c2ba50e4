// Whether more spans can make a condition false, or true: the table of section 6 of the language
// reference.
//
// Used by classify.cc. The criterion is syntactic; nothing is evaluated.
#pragma once

#include "betrace/rules/condition.h"

namespace betrace::rules {

/// The columns M and A of the table.
struct Direction {
  bool monotone = false;  ///< More spans cannot make it false.
  bool antitone = false;  ///< More spans cannot make it true.
};

/// How a value changes while spans arrive.
enum class Growth : std::uint8_t {
  Fixed,
  Growing,       ///< Never nil, never smaller.
  GrowingOrNil,  ///< Nil at first, then never smaller.
  Shrinking,     ///< Never greater once it is not nil.
  Unstable,
};

[[nodiscard]] Direction direction_of(const Condition& condition);
[[nodiscard]] Growth growth_of(const Value& value);

}  // namespace betrace::rules
