// What a test of one span looks at: one field, attribute or resource attribute of it.
//
// span_tests.cc groups the tests of all rules by it, so that each value is read once.
#pragma once

#include <compare>
#include <optional>
#include <string>

#include "betrace/model/span_view.h"
#include "betrace/rules/condition.h"
#include "betrace/rules/runtime_value.h"

namespace betrace::rules {

struct SpanSubject {
  enum class Kind : std::uint8_t { Field, Attribute, Resource };
  Kind kind = Kind::Field;
  SpanField field = SpanField::Name;  ///< Field
  std::string key;                    ///< Attribute and Resource

  [[nodiscard]] friend bool operator==(const SpanSubject&, const SpanSubject&) = default;
  [[nodiscard]] friend auto operator<=>(const SpanSubject&, const SpanSubject&) = default;
};

/// The subject that `value` reads; nothing if it reads anything but one datum of `span` itself.
[[nodiscard]] std::optional<SpanSubject> subject_of(const Value& value);

/// The value of a field of a span that is looked at alone. Requires: the field is none that other
/// spans decide.
[[nodiscard]] RuntimeValue read_own_field(SpanField field, const model::SpanView& span);

}  // namespace betrace::rules
