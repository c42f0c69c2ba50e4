#include "betrace/rules/arithmetic.h"

#include <cmath>
#include <limits>
#include <utility>

#include "betrace/rules/number.h"

namespace betrace::rules {
namespace {

using RuntimeType = RuntimeValue::Type;

__extension__ using Wide = __int128;

bool is_duration(const RuntimeValue& value) noexcept {
  return value.type() == RuntimeType::Duration;
}

RuntimeValue saturated(Wide nanoseconds) {
  constexpr Wide kMost = std::numeric_limits<std::int64_t>::max();
  constexpr Wide kLeast = std::numeric_limits<std::int64_t>::min();
  if (nanoseconds > kMost) nanoseconds = kMost;
  if (nanoseconds < kLeast) nanoseconds = kLeast;
  return RuntimeValue::duration(static_cast<std::int64_t>(nanoseconds));
}

// Rounds toward zero.
RuntimeValue duration_of(double nanoseconds) {
  if (std::isnan(nanoseconds)) return {};
  if (nanoseconds >= kTwoTo63) return saturated(std::numeric_limits<std::int64_t>::max());
  if (nanoseconds <= -kTwoTo63) return saturated(std::numeric_limits<std::int64_t>::min());
  return RuntimeValue::duration(static_cast<std::int64_t>(nanoseconds));
}

// duration + real, rounded toward zero once, at the end.
RuntimeValue add_real(std::int64_t duration, double real) {
  if (!(std::abs(real) < kTwoTo63)) return duration_of(real);
  const double whole = std::trunc(real);
  const double rest = real - whole;
  Wide sum = static_cast<Wide>(duration) + static_cast<std::int64_t>(whole);
  if (sum > 0 && rest < 0) --sum;
  if (sum < 0 && rest > 0) ++sum;
  return saturated(sum);
}

RuntimeValue add_durations(const RuntimeValue& left, const RuntimeValue& right) {
  const RuntimeValue& duration = is_duration(left) ? left : right;
  const RuntimeValue& other = is_duration(left) ? right : left;
  const auto number = other.to_number();
  if (!number) return {};
  if (number->kind != Number::Kind::Integer) {
    return add_real(duration.as_integer(), number->to_double());
  }
  return saturated(static_cast<Wide>(duration.as_integer()) + number->integer);
}

RuntimeValue multiply_duration(const RuntimeValue& left, const RuntimeValue& right) {
  if (is_duration(left) && is_duration(right)) return {};
  const std::int64_t duration = is_duration(left) ? left.as_integer() : right.as_integer();
  const auto number = (is_duration(left) ? right : left).to_number();
  if (!number) return {};
  if (number->kind != Number::Kind::Integer) {
    return duration_of(static_cast<double>(duration) * number->to_double());
  }
  return saturated(static_cast<Wide>(duration) * number->integer);
}

RuntimeValue divide_duration(const RuntimeValue& left, const RuntimeValue& right) {
  const auto divisor = right.to_number();
  if (!is_duration(left) || !divisor || divisor->to_double() == 0) return {};
  const std::int64_t duration = left.as_integer();
  if (is_duration(right)) {
    return RuntimeValue::real(static_cast<double>(duration) / divisor->to_double());
  }
  if (divisor->kind != Number::Kind::Integer) {
    return duration_of(static_cast<double>(duration) / divisor->to_double());
  }
  return saturated(static_cast<Wide>(duration) / divisor->integer);
}

// Applies the integer operation, or the one on doubles where a side is none or it overflows.
template <typename Whole, typename Real>
RuntimeValue calculate(const RuntimeValue& left, const RuntimeValue& right, Whole whole,
                       Real real) {
  const auto left_number = left.to_number();
  const auto right_number = left_number ? right.to_number() : std::nullopt;
  if (!right_number) return {};
  std::int64_t result = 0;
  if (left_number->kind == Number::Kind::Integer && right_number->kind == Number::Kind::Integer &&
      !whole(left_number->integer, right_number->integer, &result)) {
    return RuntimeValue::integer(result);
  }
  return RuntimeValue::real(real(left_number->to_double(), right_number->to_double()));
}

RuntimeValue with_letters(const RuntimeValue& value, char first, char last, int shift) {
  if (value.type() != RuntimeType::String) return {};
  std::string text(value.as_text());
  for (char& character : text) {
    if (character >= first && character <= last) character = static_cast<char>(character + shift);
  }
  return RuntimeValue::owned_string(std::move(text));
}

}  // namespace

RuntimeValue add(const RuntimeValue& left, const RuntimeValue& right) {
  if (is_duration(left) || is_duration(right)) return add_durations(left, right);
  return calculate(
      left, right,
      [](auto a, auto b, auto* result) { return __builtin_add_overflow(a, b, result); },
      [](double a, double b) { return a + b; });
}

RuntimeValue subtract(const RuntimeValue& left, const RuntimeValue& right) {
  if (is_duration(left) && is_duration(right)) {
    return saturated(static_cast<Wide>(left.as_integer()) - right.as_integer());
  }
  if (is_duration(left) || is_duration(right)) return add(left, negate(right));
  return calculate(
      left, right,
      [](auto a, auto b, auto* result) { return __builtin_sub_overflow(a, b, result); },
      [](double a, double b) { return a - b; });
}

RuntimeValue multiply(const RuntimeValue& left, const RuntimeValue& right) {
  if (is_duration(left) || is_duration(right)) return multiply_duration(left, right);
  return calculate(
      left, right,
      [](auto a, auto b, auto* result) { return __builtin_mul_overflow(a, b, result); },
      [](double a, double b) { return a * b; });
}

RuntimeValue divide(const RuntimeValue& left, const RuntimeValue& right) {
  if (is_duration(left) || is_duration(right)) return divide_duration(left, right);
  const auto dividend = left.to_number();
  const auto divisor = right.to_number();
  if (!dividend || !divisor || divisor->to_double() == 0) return {};
  return RuntimeValue::real(dividend->to_double() / divisor->to_double());
}

RuntimeValue negate(const RuntimeValue& value) {
  if (is_duration(value)) return saturated(-static_cast<Wide>(value.as_integer()));
  return subtract(RuntimeValue::integer(0), value);
}

RuntimeValue length(const RuntimeValue& value) {
  if (value.type() == RuntimeType::List || value.type() == RuntimeType::Map) {
    return RuntimeValue::unsigned_integer(value.item_count());
  }
  if (value.type() != RuntimeType::String) return {};
  std::uint64_t characters = 0;
  for (const char byte : value.as_text()) {
    // Bytes 10xxxxxx continue a character.
    if ((static_cast<unsigned char>(byte) & 0xC0U) != 0x80U) ++characters;
  }
  return RuntimeValue::unsigned_integer(characters);
}

RuntimeValue lower(const RuntimeValue& value) { return with_letters(value, 'A', 'Z', 32); }

RuntimeValue upper(const RuntimeValue& value) { return with_letters(value, 'a', 'z', -32); }

}  // namespace betrace::rules
