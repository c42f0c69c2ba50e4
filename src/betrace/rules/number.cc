#include "betrace/rules/number.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>

#include "betrace/base/ascii.h"
#include "betrace/rules/number_literal.h"

namespace betrace::rules {
namespace {

std::partial_ordering compare_with_double(std::int64_t left, double right) noexcept {
  if (right != right) return std::partial_ordering::unordered;
  if (right >= kTwoTo63) return std::partial_ordering::less;
  if (right < -kTwoTo63) return std::partial_ordering::greater;
  const double whole = std::trunc(right);
  const auto order = left <=> static_cast<std::int64_t>(whole);
  if (order != 0) return order;
  return 0.0 <=> (right - whole);
}

std::strong_ordering compare_digits(std::string_view left, std::string_view right) noexcept {
  if (left.size() != right.size()) return left.size() <=> right.size();
  return left.compare(right) <=> 0;
}

// A wide integer lies outside of 64 bits, so a double inside is decided by the sign alone; a double
// outside is whole, and its decimal digits are exact.
std::partial_ordering compare_with_double(const Number& wide, double right) noexcept {
  if (right != right) return std::partial_ordering::unordered;
  const auto by_sign = wide.negative ? std::partial_ordering::less : std::partial_ordering::greater;
  if (std::abs(right) < kTwoTo63 || (right < 0) != wide.negative) return by_sign;
  if (std::isinf(right)) return 0 <=> right;
  std::array<char, 320> buffer{};
  const int length = std::snprintf(buffer.data(), buffer.size(), "%.0f", std::abs(right));
  const auto order = compare_digits(wide.digits, {buffer.data(), static_cast<std::size_t>(length)});
  return wide.negative ? 0 <=> order : order;
}

std::partial_ordering compare_wide(const Number& left, const Number& right) noexcept {
  if (left.negative != right.negative) {
    return left.negative ? std::partial_ordering::less : std::partial_ordering::greater;
  }
  const auto order = compare_digits(left.digits, right.digits);
  return left.negative ? 0 <=> order : order;
}

std::partial_ordering reversed(std::partial_ordering order) noexcept { return 0 <=> order; }

// Takes the digits at the front of `*text`.
std::string_view take_digits(std::string_view* text) noexcept {
  std::size_t count = 0;
  while (count < text->size() && is_digit((*text)[count])) ++count;
  const std::string_view digits = text->substr(0, count);
  text->remove_prefix(count);
  return digits;
}

// Takes `.digits`; false if a point stands there without digits.
bool take_fraction(std::string_view* text, std::string_view* fraction) noexcept {
  if (!text->starts_with('.')) return true;
  text->remove_prefix(1);
  *fraction = take_digits(text);
  return !fraction->empty();
}

bool take_exponent(std::string_view* text) noexcept {
  if (!text->starts_with('e') && !text->starts_with('E')) return true;
  text->remove_prefix(1);
  if (text->starts_with('+') || text->starts_with('-')) text->remove_prefix(1);
  return !take_digits(text).empty();
}

Number integer_of(std::string_view text) noexcept {
  std::int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec == std::errc()) return Number::of(value);
  Number number;
  number.kind = Number::Kind::WideInteger;
  number.negative = text.starts_with('-');
  number.digits = text.substr(number.negative ? 1 : 0);
  return number;
}

Number double_of(std::string_view text) noexcept {
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec == std::errc::result_out_of_range) {
    // So short a text leaves the range through its exponent only.
    const bool tiny = text.find('-', 1) != std::string_view::npos;
    value = tiny ? 0.0 : std::numeric_limits<double>::infinity();
    if (text.starts_with('-')) value = -value;
  }
  return Number::of(value);
}

}  // namespace

double Number::to_double() const noexcept {
  if (kind == Kind::Integer) return static_cast<double>(integer);
  if (kind == Kind::Double) return real;
  const double value = double_of(digits).real;
  return negative ? -value : value;
}

std::partial_ordering compare_any(const Number& left, const Number& right) noexcept {
  using Kind = Number::Kind;
  if (left.kind == Kind::Double && right.kind == Kind::Double) return left.real <=> right.real;
  if (left.kind == Kind::Double) return reversed(compare(right, left));
  if (left.kind == Kind::WideInteger) {
    if (right.kind == Kind::WideInteger) return compare_wide(left, right);
    if (right.kind == Kind::Double) return compare_with_double(left, right.real);
    return left.negative ? std::partial_ordering::less : std::partial_ordering::greater;
  }
  if (right.kind == Kind::Double) return compare_with_double(left.integer, right.real);
  if (right.kind == Kind::WideInteger) return reversed(compare(right, left));
  return left.integer <=> right.integer;
}

std::optional<Number> parse_number(std::string_view text) noexcept {
  if (text.empty() || text.size() > kNumberTextMax) return std::nullopt;
  std::string_view rest = text;
  if (rest.starts_with('-')) rest.remove_prefix(1);
  const std::string_view digits = take_digits(&rest);
  if (digits.empty() || (digits.size() > 1 && digits.starts_with('0'))) return std::nullopt;
  if (rest.empty()) return integer_of(text);
  std::string_view fraction;
  if (!take_fraction(&rest, &fraction) || !take_exponent(&rest) || !rest.empty()) {
    return std::nullopt;
  }
  return double_of(text);
}

std::optional<std::int64_t> parse_duration(std::string_view text) noexcept {
  if (text.empty() || text.size() > kNumberTextMax || !is_digit(text.front())) return std::nullopt;
  const NumberScan scan = scan_number(text);
  if (scan.kind != TokenKind::Duration || scan.size != text.size()) return std::nullopt;
  return duration_value(text);
}

}  // namespace betrace::rules
