#include "betrace/otlp/json_fields.h"

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

namespace betrace::otlp {
namespace {

constexpr double kTwoTo63 = 9223372036854775808.0;

// Reads decimal text that is nothing but a number.
template <typename T>
bool parse_decimal(std::string_view text, T* value) noexcept {
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, *value);
  return error == std::errc() && stopped == end;
}

// Reads eight digits at once; false if one of them is none. In the word the first digit is the
// lowest byte; neighbours are put together to two digits, these to four, and these to eight.
bool parse_eight(const char* digits, std::uint64_t* value) noexcept {
  static_assert(std::endian::native == std::endian::little);
  std::uint64_t word = 0;
  std::memcpy(&word, digits, 8);
  const std::uint64_t over_nine = word + 0x4646464646464646;
  word -= 0x3030303030303030;
  if (((over_nine | word) & 0x8080808080808080) != 0) return false;
  word = (word * 10 + (word >> 8U)) & 0x00FF00FF00FF00FF;
  word = (word * 100 + (word >> 16U)) & 0x0000FFFF0000FFFF;
  *value = (word * 10'000 + (word >> 32U)) & 0xFFFFFFFF;
  return true;
}

// The same for whole numbers. Nearly all have so few digits that they must fit.
template <typename T>
bool parse_whole(std::string_view text, T* value) noexcept {
  if (text.empty() || text.size() > std::numeric_limits<T>::digits10) {
    return parse_decimal(text, value);
  }
  std::uint64_t number = 0;
  const char* at = text.data();
  const char* end = at + text.size();
  for (std::uint64_t eight = 0; end - at >= 8; at += 8) {
    if (!parse_eight(at, &eight)) return parse_decimal(text, value);
    number = number * 100'000'000 + eight;
  }
  for (; at < end; ++at) {
    const auto digit = static_cast<std::uint64_t>(static_cast<unsigned char>(*at)) - '0';
    if (digit > 9) return parse_decimal(text, value);
    number = number * 10 + digit;
  }
  *value = static_cast<T>(number);
  return true;
}

// A double that stands for a whole number: 1.0 and 1e3 are integers in proto3 JSON.
template <typename T>
bool whole_double(double number, T* value) {
  const double bound = std::is_signed_v<T> ? kTwoTo63 : 2 * kTwoTo63;
  const double least = std::is_signed_v<T> ? -kTwoTo63 : 0;
  if (!(number >= least && number < bound) || number != std::floor(number)) return false;
  *value = static_cast<T>(number);
  return true;
}

template <typename T>
bool read_whole_number(JsonElement element, T* value) {
  switch (element.type()) {
    case JsonType::Int:
      *value = static_cast<T>(element.as_int());
      return std::is_signed_v<T> || element.as_int() >= 0;
    case JsonType::Uint:
      *value = static_cast<T>(element.as_uint());
      return std::is_unsigned_v<T>;
    case JsonType::Double:
      return whole_double(element.as_double(), value);
    case JsonType::String:
      return parse_whole(element.as_text(), value);
    default:
      return false;
  }
}

template <typename T>
T whole_number(JsonElement element, std::string_view member, std::string_view mistake,
               JsonProblem& problem) {
  T value = 0;
  if (!element.is_there() || read_whole_number(element, &value)) return value;
  problem.set(member, mistake);
  return 0;
}

}  // namespace

void JsonProblem::set(std::string_view member, std::string_view what) {
  if (message_.empty()) message_ = fmt::format("{} of span {} {}", member, span_index_, what);
}

bool read_decimal(std::string_view text, std::int64_t* number) noexcept {
  return parse_whole(text, number);
}

std::uint64_t json_uint64(JsonElement element, std::string_view member, JsonProblem& problem) {
  return whole_number<std::uint64_t>(element, member, "is not a whole number from 0 to 2^64-1",
                                     problem);
}

std::int64_t json_int64(JsonElement element, std::string_view member, JsonProblem& problem) {
  return whole_number<std::int64_t>(element, member, "is not a whole number of 64 bits", problem);
}

double json_double(JsonElement element, std::string_view member, JsonProblem& problem) {
  switch (element.type()) {
    case JsonType::Int:
      return static_cast<double>(element.as_int());
    case JsonType::Uint:
      return static_cast<double>(element.as_uint());
    case JsonType::Double:
      return element.as_double();
    case JsonType::Null:
      return 0;
    default:
      break;
  }
  double value = 0;
  if (element.type() == JsonType::String) {
    const std::string_view text = element.as_text();
    if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
    if (text == "Infinity") return std::numeric_limits<double>::infinity();
    if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
    // from_chars would take "nan" and "inf" too.
    const bool is_plain = text.find_first_not_of("+-.0123456789eE") == std::string_view::npos;
    if (is_plain && parse_decimal(text, &value)) return value;
  }
  problem.set(member, "is not a number");
  return 0;
}

std::int64_t json_enum(JsonElement element, std::string_view member, JsonProblem& problem) {
  std::int64_t value = 0;
  if (!element.is_there()) return 0;
  if (element.type() == JsonType::Int) return element.as_int();
  if (element.type() == JsonType::Double && whole_double(element.as_double(), &value)) {
    return value;
  }
  problem.set(member, "is not an integer");
  return 0;
}

}  // namespace betrace::otlp
