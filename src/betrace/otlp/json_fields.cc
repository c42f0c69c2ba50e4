#include "betrace/otlp/json_fields.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>

namespace betrace::otlp {
namespace {

using simdjson::dom::element_type;

constexpr double kTwoTo63 = 9223372036854775808.0;

// Reads decimal text that is nothing but a number.
template <typename T>
bool parse_decimal(std::string_view text, T* value) {
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, *value);
  return error == std::errc() && stopped == end;
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
    case element_type::INT64: {
      const std::int64_t number = element.get_int64().value_unsafe();
      *value = static_cast<T>(number);
      return std::is_signed_v<T> || number >= 0;
    }
    case element_type::UINT64:  // only what needs the 64th bit
      *value = static_cast<T>(element.get_uint64().value_unsafe());
      return std::is_unsigned_v<T>;
    case element_type::DOUBLE:
      return whole_double(element.get_double().value_unsafe(), value);
    case element_type::STRING:
      return parse_decimal(element.get_string().value_unsafe(), value);
    default:
      return false;
  }
}

template <typename T>
T whole_number(JsonElement element, std::string_view member, std::string_view mistake,
               JsonProblem& problem) {
  T value = 0;
  if (element.is_null() || read_whole_number(element, &value)) return value;
  problem.set(member, mistake);
  return 0;
}

}  // namespace

void JsonProblem::set(std::string_view member, std::string_view what) {
  if (message_.empty()) message_ = fmt::format("{} of span {} {}", member, span_index_, what);
}

std::string_view json_text(JsonElement element, std::string_view member, JsonProblem& problem) {
  if (element.is_string()) return element.get_string().value_unsafe();
  if (!element.is_null()) problem.set(member, "is not a string");
  return {};
}

std::uint64_t json_uint64(JsonElement element, std::string_view member, JsonProblem& problem) {
  return whole_number<std::uint64_t>(element, member, "is not a whole number from 0 to 2^64-1",
                                     problem);
}

std::int64_t json_int64(JsonElement element, std::string_view member, JsonProblem& problem) {
  return whole_number<std::int64_t>(element, member, "is not a whole number of 64 bits", problem);
}

double json_double(JsonElement element, std::string_view member, JsonProblem& problem) {
  if (element.is_number()) return element.get_double().value_unsafe();
  if (element.is_null()) return 0;
  double value = 0;
  if (element.is_string()) {
    const std::string_view text = element.get_string().value_unsafe();
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
  if (element.is_null()) return 0;
  if (element.is_int64()) return element.get_int64().value_unsafe();
  if (element.is_double() && whole_double(element.get_double().value_unsafe(), &value)) {
    return value;
  }
  problem.set(member, "is not an integer");
  return 0;
}

}  // namespace betrace::otlp
