#include "betrace/rules/runtime_value.h"

#include <limits>
#include <utility>

#include "betrace/base/base64.h"
#include "betrace/base/check.h"

namespace betrace::rules {

RuntimeValue RuntimeValue::boolean(bool value) {
  RuntimeValue result;
  result.type_ = Type::Bool;
  result.boolean_ = value;
  return result;
}

RuntimeValue RuntimeValue::integer(std::int64_t value) {
  RuntimeValue result;
  result.type_ = Type::Int;
  result.integer_ = value;
  return result;
}

RuntimeValue RuntimeValue::unsigned_integer(std::uint64_t value) {
  constexpr auto kGreatest = std::numeric_limits<std::int64_t>::max();
  return integer(std::in_range<std::int64_t>(value) ? static_cast<std::int64_t>(value) : kGreatest);
}

RuntimeValue RuntimeValue::real(double value) {
  RuntimeValue result;
  result.type_ = Type::Double;
  result.real_ = value;
  return result;
}

RuntimeValue RuntimeValue::duration(std::int64_t nanoseconds) {
  RuntimeValue result = integer(nanoseconds);
  result.type_ = Type::Duration;
  return result;
}

RuntimeValue RuntimeValue::string(std::string_view text, TextKind kind) {
  RuntimeValue result;
  result.type_ = Type::String;
  result.text_kind_ = kind;
  result.size_ = text.size();
  result.text_ = text.data();
  return result;
}

RuntimeValue RuntimeValue::owned_string(std::string text) {
  RuntimeValue result;
  result.type_ = Type::String;
  result.owned_ = true;
  result.storage_ = std::move(text);
  return result;
}

RuntimeValue RuntimeValue::texts(std::span<const std::string_view> items) {
  RuntimeValue result;
  result.type_ = Type::List;
  result.list_of_ = ListOf::Texts;
  result.size_ = items.size();
  result.texts_ = items.data();
  return result;
}

RuntimeValue RuntimeValue::map(model::AttributesView fields) {
  RuntimeValue result;
  result.type_ = Type::Map;
  result.size_ = fields.size();
  result.fields_ = fields.data();
  return result;
}

RuntimeValue RuntimeValue::number(const Number& value) {
  return value.kind == Number::Kind::Integer ? integer(value.integer) : real(value.to_double());
}

RuntimeValue RuntimeValue::of(const Literal& literal) {
  switch (literal.type) {
    case Literal::Type::Nil:
      return {};
    case Literal::Type::Bool:
      return boolean(literal.boolean);
    case Literal::Type::Int:
      return integer(literal.integer);
    case Literal::Type::Double:
      return real(literal.real);
    case Literal::Type::Duration:
      return duration(literal.integer);
    case Literal::Type::String:
      return string(literal.text);
    case Literal::Type::List:
      break;
  }
  RuntimeValue result;
  result.type_ = Type::List;
  result.list_of_ = ListOf::Literals;
  result.size_ = literal.items.size();
  result.literals_ = literal.items.data();
  return result;
}

RuntimeValue RuntimeValue::of(const model::ValueView& value) {
  switch (value.type()) {
    case model::ValueType::Nil:
      return {};
    case model::ValueType::Bool:
      return boolean(value.as_bool());
    case model::ValueType::Int:
      return integer(value.as_int());
    case model::ValueType::Double:
      return real(value.as_double());
    case model::ValueType::String:
      return string(value.as_text());
    case model::ValueType::Bytes:
      return owned_string(to_base64(value.as_text()));
    case model::ValueType::Map:
      return map(value.as_map());
    case model::ValueType::List:
      break;
  }
  RuntimeValue result;
  result.type_ = Type::List;
  result.size_ = value.as_list().size();
  result.values_ = value.as_list().data();
  return result;
}

bool RuntimeValue::is_numeric() const noexcept {
  return type_ == Type::Int || type_ == Type::Double || type_ == Type::Duration;
}

std::string_view RuntimeValue::as_text() const noexcept {
  return owned_ ? std::string_view(storage_) : std::string_view(text_, size_);
}

RuntimeValue RuntimeValue::item(std::size_t index) const {
  BETRACE_CHECK(type_ == Type::List && index < size_);
  switch (list_of_) {
    case ListOf::Attributes:
      return of(values_[index]);
    case ListOf::Literals:
      return of(literals_[index]);
    case ListOf::Texts:
      break;
  }
  return string(texts_[index]);
}

std::optional<Number> RuntimeValue::to_number() const noexcept {
  switch (type_) {
    case Type::Int:
    case Type::Duration:
      return Number::of(integer_);
    case Type::Double:
      return Number::of(real_);
    case Type::String:
      return text_kind_ == TextKind::Plain ? parse_number(as_text()) : std::nullopt;
    default:
      return std::nullopt;
  }
}

bool RuntimeValue::is_truthy() const noexcept {
  switch (type_) {
    case Type::Nil:
      return false;
    case Type::Bool:
      return boolean_;
    case Type::Int:
    case Type::Duration:
      return integer_ != 0;
    case Type::Double:
      return real_ == real_ && real_ != 0;
    case Type::String: {
      const std::string_view text = as_text();
      return !text.empty() && text != "false" && text != "0";
    }
    case Type::List:
    case Type::Map:
      break;
  }
  return size_ != 0;
}

}  // namespace betrace::rules
