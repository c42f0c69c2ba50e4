#include "betrace/api/query.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "betrace/base/time.h"
#include "betrace/base/utf8.h"

namespace betrace::api {
namespace {

constexpr std::uint64_t kSecondsTooLarge = 100'000'000'000;

std::optional<std::uint64_t> parse_digits(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Reads `123.25` as nanoseconds. The fraction has one to nine digits.
std::optional<UnixNanos> parse_decimal_seconds(std::string_view text) {
  const std::size_t dot = text.find('.');
  const std::string_view fraction = text.substr(dot + 1);
  const auto seconds = parse_digits(text.substr(0, dot));
  if (!seconds || *seconds >= kSecondsTooLarge || fraction.empty() || fraction.size() > 9) {
    return std::nullopt;
  }
  const auto nanos = parse_digits(fmt::format("{:0<9}", fraction));
  if (!nanos) return std::nullopt;
  return *seconds > std::numeric_limits<std::uint64_t>::max() / kNanosPerSecond - 1
             ? std::numeric_limits<std::uint64_t>::max()
             : *seconds * kNanosPerSecond + *nanos;
}

void split_commas(std::string_view text, std::vector<std::string>* items) {
  while (true) {
    const std::size_t comma = text.find(',');
    items->emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

Reply<UnixNanos> parse_time_parameter(std::string_view name, std::string_view text) {
  const bool is_number = !text.empty() && text.find_first_not_of("0123456789.") == text.npos;
  if (!is_number) {
    const auto time = parse_rfc3339(text);
    if (time) return *time;
  } else if (text.find('.') != std::string_view::npos) {
    const auto time = parse_decimal_seconds(text);
    if (time) return *time;
  } else if (const auto seconds = parse_digits(text); seconds && *seconds < kSecondsTooLarge) {
    return std::min(*seconds, std::numeric_limits<std::uint64_t>::max() / kNanosPerSecond) *
           kNanosPerSecond;
  } else {
    return refuse(ErrorKind::InvalidParameter,
                  fmt::format("{} is not in seconds; milliseconds or finer are not taken", name));
  }
  return refuse(
      ErrorKind::InvalidParameter,
      fmt::format("{} is neither unix seconds nor RFC 3339: \"{}\"", name, quote_excerpt(text)));
}

void QueryReader::fail_with(ApiError error) {
  if (!mistake_) mistake_ = std::move(error);
}

void QueryReader::reject(std::string_view name, std::string_view what) {
  fail_with(refuse(ErrorKind::InvalidParameter, fmt::format("{} {}", name, what)).value());
}

std::optional<std::string> QueryReader::single(std::string_view name) {
  known_.emplace_back(name);
  std::optional<std::string> found;
  for (const auto& pair : parameters_) {
    if (pair.first != name) continue;
    if (found) reject(name, "is given more than once");
    found = pair.second;
  }
  return found;
}

std::optional<bool> QueryReader::optional_boolean(std::string_view name) {
  const auto value = single(name);
  if (!value) return std::nullopt;
  if (*value == "true" || *value == "1") return true;
  if (*value != "false" && *value != "0") reject(name, "is none of true, false, 1, 0");
  return false;
}

bool QueryReader::boolean(std::string_view name, bool absent) {
  return optional_boolean(name).value_or(absent);
}

std::uint64_t QueryReader::integer(std::string_view name, std::uint64_t absent, std::uint64_t min,
                                   std::uint64_t max) {
  const auto value = single(name);
  if (!value) return absent;
  const auto number = parse_digits(*value);
  if (!number || *number < min || *number > max) {
    reject(name, fmt::format("is not an integer from {} to {}", min, max));
    return absent;
  }
  return *number;
}

std::optional<UnixNanos> QueryReader::time(std::string_view name) {
  const auto value = single(name);
  if (!value) return std::nullopt;
  auto time = parse_time_parameter(name, *value);
  if (time) return *time;
  fail_with(std::move(time.error()));
  return std::nullopt;
}

std::optional<std::string> QueryReader::text(std::string_view name) {
  auto value = single(name);
  if (value && value->empty()) reject(name, "is empty");
  return value;
}

std::vector<std::string> QueryReader::list(std::string_view name) {
  known_.emplace_back(name);
  std::vector<std::string> items;
  for (const auto& pair : parameters_) {
    if (pair.first == name) split_commas(pair.second, &items);
  }
  if (std::find(items.begin(), items.end(), "") != items.end()) reject(name, "has an empty item");
  return items;
}

std::vector<model::Severity> QueryReader::severities(std::string_view name) {
  std::vector<model::Severity> severities;
  for (const std::string& item : list(name)) {
    const auto severity = model::parse_severity(item);
    if (!severity) {
      reject(name, "is none of CRITICAL, HIGH, MEDIUM, LOW");
      return {};
    }
    severities.push_back(*severity);
  }
  return severities;
}

std::size_t QueryReader::choice(std::string_view name, const std::vector<std::string_view>& words) {
  const auto value = single(name);
  if (!value) return 0;
  const auto found = std::find(words.begin(), words.end(), *value);
  if (found == words.end()) {
    reject(name, fmt::format("is none of {}", fmt::join(words, ", ")));
    return 0;
  }
  return static_cast<std::size_t>(found - words.begin());
}

Page QueryReader::page(std::uint32_t limit_absent, std::uint32_t limit_max,
                       std::uint64_t offset_max) {
  Page page;
  page.limit =
      static_cast<std::uint32_t>(integer("limit", std::min(limit_absent, limit_max), 1, limit_max));
  page.offset = integer("offset", 0, 0, offset_max);
  return page;
}

std::optional<ApiError> QueryReader::finish() const {
  if (mistake_) return mistake_;
  for (const auto& pair : parameters_) {
    if (std::find(known_.begin(), known_.end(), pair.first) != known_.end()) continue;
    return refuse(ErrorKind::UnknownParameter,
                  fmt::format("unknown parameter \"{}\"; known: {}", quote_excerpt(pair.first),
                              known_.empty() ? "none" : fmt::format("{}", fmt::join(known_, ", "))))
        .value();
  }
  return std::nullopt;
}

}  // namespace betrace::api
