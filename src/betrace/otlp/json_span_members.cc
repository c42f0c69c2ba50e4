#include "betrace/otlp/json_span_members.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

#include "betrace/base/utf8.h"

namespace betrace::otlp {
namespace {

constexpr double kTwoTo64 = 18446744073709551616.0;

// Returns a whole number that is not negative, from a number or from decimal text.
std::optional<std::uint64_t> whole_number(const Json& value) {
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  if (value.is_number_integer()) {
    // A Json made by code holds small numbers as signed ones.
    const auto number = value.get<std::int64_t>();
    if (number < 0) return std::nullopt;
    return static_cast<std::uint64_t>(number);
  }
  if (value.is_number_float()) {
    const double number = value.get<double>();
    if (!(number >= 0 && number < kTwoTo64) || number != std::floor(number)) return std::nullopt;
    return static_cast<std::uint64_t>(number);
  }
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return number;
}

std::string excerpt(const Json& value) {
  if (value.is_structured()) return value.is_array() ? "a list" : "an object";
  return value.is_string()
             ? fmt::format("\"{}\"", quote_excerpt(value.get_ref<const std::string&>()))
             : dump_json(value);
}

bool equal_ignoring_case(std::string_view text, std::string_view upper) {
  if (text.size() != upper.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c) != upper[i]) return false;
  }
  return true;
}

// Returns the place of a name among `names`, which are in the order of their numbers.
template <std::size_t N>
std::optional<std::uint64_t> number_of(const Json& value, std::string_view prefix,
                                       const std::array<std::string_view, N>& names) {
  const std::optional<std::uint64_t> number = whole_number(value);
  if (number) return *number < N ? number : std::nullopt;
  if (!value.is_string()) return std::nullopt;
  std::string_view text = value.get_ref<const std::string&>();
  if (equal_ignoring_case(text.substr(0, prefix.size()), prefix)) text.remove_prefix(prefix.size());
  for (std::size_t i = 0; i < N; ++i) {
    if (equal_ignoring_case(text, names[i])) return i;
  }
  return std::nullopt;
}

}  // namespace

const Json* find_member(const Json& object, MemberName name, SpanProblem& problem) {
  const auto find = [&object](std::string_view spelling) -> const Json* {
    const auto found = object.find(spelling);
    return found == object.end() || found->is_null() ? nullptr : &*found;
  };
  const Json* snake = find(name.snake);
  const Json* camel = name.camel == name.snake ? nullptr : find(name.camel);
  if (snake != nullptr && camel != nullptr && *snake != *camel) {
    problem.invalid(fmt::format("{} and {} differ", name.snake, name.camel));
  }
  return snake != nullptr ? snake : camel;
}

std::string_view read_text(const Json& value, std::string_view name, SpanProblem& problem) {
  if (value.is_string()) return value.get_ref<const std::string&>();
  problem.invalid(fmt::format("{} is not a string", name));
  return {};
}

UnixNanos read_time(const Json& value, std::string_view name, SpanProblem& problem) {
  if (const auto number = whole_number(value)) return *number;
  if (value.is_string()) {
    if (const auto time = parse_rfc3339(value.get_ref<const std::string&>())) return *time;
  }
  problem.invalid(
      fmt::format("{} is {}, not unix nanoseconds or an RFC 3339 time", name, excerpt(value)));
  return 0;
}

std::uint64_t read_duration(const Json& value, SpanProblem& problem) {
  if (const auto number = whole_number(value)) return *number;
  problem.invalid(fmt::format("duration is {}, not whole nanoseconds", excerpt(value)));
  return 0;
}

std::uint64_t read_duration_ms(const Json& value, SpanProblem& problem) {
  if (value.is_number()) {
    const double nanos = value.get<double>() * 1e6;
    if (nanos >= 0 && nanos < kTwoTo64) return static_cast<std::uint64_t>(std::llround(nanos));
  }
  problem.invalid(fmt::format("duration_ms is {}, not milliseconds", excerpt(value)));
  return 0;
}

model::SpanKind read_kind(const Json& value, SpanProblem& problem) {
  constexpr std::array<std::string_view, 6> kNames = {"UNSPECIFIED", "INTERNAL", "SERVER",
                                                      "CLIENT",      "PRODUCER", "CONSUMER"};
  const auto number = number_of(value, "SPAN_KIND_", kNames);
  if (number) return static_cast<model::SpanKind>(*number);
  problem.invalid(fmt::format("kind is {}, not a span kind or 0-5", excerpt(value)));
  return model::SpanKind::Unspecified;
}

model::StatusCode read_status_code(const Json& value, SpanProblem& problem) {
  constexpr std::array<std::string_view, 3> kNames = {"UNSET", "OK", "ERROR"};
  const auto number = number_of(value, "STATUS_CODE_", kNames);
  if (number) return static_cast<model::StatusCode>(*number);
  problem.invalid(fmt::format("status is {}, not UNSET, OK, ERROR or 0-2", excerpt(value)));
  return model::StatusCode::Unset;
}

}  // namespace betrace::otlp
