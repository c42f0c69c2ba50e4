// A value while a rule runs: what fields, attributes, constants and calculations yield.
//
// Made by value_reader, compared by comparison, calculated with by arithmetic. It knows what a
// value is and when it counts as true; it does not know operators.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "betrace/model/span_view.h"
#include "betrace/rules/condition.h"
#include "betrace/rules/number.h"

namespace betrace::rules {

/// A view of span, rule or trace data, which must outlive it; texts that were calculated are owned.
class RuntimeValue {
 public:
  enum class Type : std::uint8_t { Nil, Bool, Int, Double, Duration, String, List, Map };
  /// What a text names: `kind` and `status` compare without regard to case and prefix.
  enum class TextKind : std::uint8_t { Plain, SpanKind, Status };

  /// Nil.
  RuntimeValue() = default;
  [[nodiscard]] static RuntimeValue boolean(bool value);
  [[nodiscard]] static RuntimeValue integer(std::int64_t value);
  /// Times and counts; what 63 bits cannot hold reads as the greatest integer.
  [[nodiscard]] static RuntimeValue unsigned_integer(std::uint64_t value);
  [[nodiscard]] static RuntimeValue real(double value);
  [[nodiscard]] static RuntimeValue duration(std::int64_t nanoseconds);
  [[nodiscard]] static RuntimeValue string(std::string_view text, TextKind kind = TextKind::Plain);
  [[nodiscard]] static RuntimeValue owned_string(std::string text);
  /// A list of texts, such as `trace.services`.
  [[nodiscard]] static RuntimeValue texts(std::span<const std::string_view> items);
  [[nodiscard]] static RuntimeValue map(model::AttributesView fields);
  /// An integer or double; the nearest double for a wide integer.
  [[nodiscard]] static RuntimeValue number(const Number& value);
  [[nodiscard]] static RuntimeValue of(const Literal& literal);
  /// Bytes read as base64 text.
  [[nodiscard]] static RuntimeValue of(const model::ValueView& value);

  [[nodiscard]] Type type() const noexcept { return type_; }
  [[nodiscard]] bool is_nil() const noexcept { return type_ == Type::Nil; }
  /// Int, Double or Duration.
  [[nodiscard]] bool is_numeric() const noexcept;
  /// Each accessor requires the type of its name; `as_integer` Int or Duration.
  [[nodiscard]] bool as_bool() const noexcept { return boolean_; }
  [[nodiscard]] std::int64_t as_integer() const noexcept { return integer_; }
  [[nodiscard]] double as_double() const noexcept { return real_; }
  [[nodiscard]] std::string_view as_text() const noexcept;
  [[nodiscard]] TextKind text_kind() const noexcept { return text_kind_; }
  [[nodiscard]] model::AttributesView as_map() const noexcept { return {fields_, size_}; }
  /// Requires: List, and `index < item_count()`.
  [[nodiscard]] RuntimeValue item(std::size_t index) const;
  /// Requires: List or Map.
  [[nodiscard]] std::size_t item_count() const noexcept { return size_; }

  /// The number that Int, Double and Duration (in ns) are, and a plain text that is a JSON number.
  /// A view of this value.
  [[nodiscard]] std::optional<Number> to_number() const noexcept;
  /// False for nil, `false`, 0, NaN, "", "false", "0" and what is empty; true for all else.
  [[nodiscard]] bool is_truthy() const noexcept;

 private:
  enum class ListOf : std::uint8_t { Attributes, Literals, Texts };

  Type type_ = Type::Nil;
  TextKind text_kind_ = TextKind::Plain;
  ListOf list_of_ = ListOf::Attributes;
  bool owned_ = false;
  std::size_t size_ = 0;  // bytes of a text, items of a list, fields of a map
  union {
    bool boolean_;
    std::int64_t integer_ = 0;
    double real_;
    const char* text_;
    const model::ValueView* values_;
    const Literal* literals_;
    const std::string_view* texts_;
    const model::AttributeView* fields_;
  };
  std::string storage_;  // the text when `owned_`
};

}  // namespace betrace::rules
