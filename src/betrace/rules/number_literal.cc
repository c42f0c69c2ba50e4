#include "betrace/rules/number_literal.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>
#include <system_error>

#include "betrace/base/ascii.h"

namespace betrace::rules {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
};

// Longer names first: `ms` is not `m`.
constexpr std::array<Unit, 8> kUnits = {{{"ns", 1},
                                         {"us", 1'000},
                                         {"µs", 1'000},
                                         {"ms", 1'000'000},
                                         {"s", 1'000'000'000},
                                         {"m", 60'000'000'000},
                                         {"h", 3'600'000'000'000},
                                         {"d", 86'400'000'000'000}}};

// Any byte beyond ASCII too: it may be a letter, as in a unit of another alphabet.
bool is_word(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

std::size_t digits_at(std::string_view text, std::size_t at) noexcept {
  std::size_t end = at;
  while (end < text.size() && is_digit(text[end])) ++end;
  return end - at;
}

std::size_t decimal_size(std::string_view text) noexcept {
  std::size_t size = digits_at(text, 0);
  if (size == 0) return 0;
  if (size < text.size() && text[size] == '.') {
    const std::size_t fraction = digits_at(text, size + 1);
    if (fraction > 0) size += 1 + fraction;
  }
  return size;
}

std::size_t number_size(std::string_view text) noexcept {
  const std::size_t size = decimal_size(text);
  if (size == text.size() || (text[size] != 'e' && text[size] != 'E')) return size;
  std::size_t at = size + 1;
  if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
  const std::size_t exponent = digits_at(text, at);
  return exponent == 0 ? size : at + exponent;
}

const Unit* unit_at(std::string_view text) noexcept {
  for (const Unit& unit : kUnits) {
    if (text.starts_with(unit.name)) return &unit;
  }
  return nullptr;
}

std::size_t duration_size(std::string_view text) noexcept {
  std::size_t size = 0;
  while (true) {
    const std::size_t decimal = decimal_size(text.substr(size));
    if (decimal == 0) return size;
    const Unit* unit = unit_at(text.substr(size + decimal));
    if (unit == nullptr) return 0;
    size += decimal + unit->name.size();
  }
}

bool ends_at(std::string_view text, std::size_t size) noexcept {
  return size > 0 && (size == text.size() || !is_word(text[size]));
}

constexpr __int128 kMax = std::numeric_limits<std::int64_t>::max();

// digits * unit + fraction * unit, as whole nanoseconds.
std::optional<std::int64_t> part_value(std::string_view decimal, std::int64_t unit) noexcept {
  __int128 total = 0;
  std::size_t at = 0;
  for (; at < decimal.size() && decimal[at] != '.'; ++at) {
    total = total * 10 + (decimal[at] - '0') * static_cast<__int128>(unit);
    if (total > kMax) return std::nullopt;
  }
  // A unit has 14 digits at most: no later digit of the fraction is worth a nanosecond.
  __int128 fraction = 0;
  __int128 scale = 1;
  for (++at; at < decimal.size() && scale < 1'000'000'000'000'000'000; ++at) {
    fraction = fraction * 10 + (decimal[at] - '0');
    scale *= 10;
  }
  total += fraction * unit / scale;
  if (total > kMax) return std::nullopt;
  return static_cast<std::int64_t>(total);
}

std::optional<NumberValue> integer_value(std::string_view digits) noexcept {
  constexpr std::uint64_t kTwoTo63 = std::uint64_t{1} << 63;
  std::uint64_t value = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (result.ec != std::errc{} || value > kTwoTo63) return std::nullopt;
  return NumberValue{true, value, 0};
}

}  // namespace

NumberScan scan_number(std::string_view text) noexcept {
  // The longer one wins: `1.5e3` is a number, `1m30s` a duration; both end where the word does.
  const std::size_t duration = duration_size(text);
  if (ends_at(text, duration)) return {TokenKind::Duration, duration};
  const std::size_t number = number_size(text);
  if (ends_at(text, number)) return {TokenKind::Number, number};
  std::size_t end = number;
  while (end < text.size() && is_word(text[end])) ++end;
  return {TokenKind::End, end};
}

std::optional<NumberValue> number_value(std::string_view literal) noexcept {
  if (literal.find_first_of(".eE") == std::string_view::npos) return integer_value(literal);
  double value = 0;
  const auto result = std::from_chars(literal.data(), literal.data() + literal.size(), value);
  // from_chars does not say on which side of the range a number lies.
  if (result.ec != std::errc{}) value = std::strtod(std::string(literal).c_str(), nullptr);
  if (std::isinf(value)) return std::nullopt;
  return NumberValue{false, 0, value};
}

std::optional<std::int64_t> duration_value(std::string_view literal) noexcept {
  __int128 total = 0;
  while (!literal.empty()) {
    const std::size_t decimal = decimal_size(literal);
    const Unit* unit = unit_at(literal.substr(decimal));
    const auto part = part_value(literal.substr(0, decimal), unit->nanoseconds);
    if (!part) return std::nullopt;
    total += *part;
    if (total > kMax) return std::nullopt;
    literal.remove_prefix(decimal + unit->name.size());
  }
  return static_cast<std::int64_t>(total);
}

}  // namespace betrace::rules
