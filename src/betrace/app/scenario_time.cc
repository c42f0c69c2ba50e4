#include "betrace/app/scenario_time.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace betrace::app {
namespace {

using std::chrono::nanoseconds;

struct TimeUnit {
  std::string_view name;
  std::int64_t nanoseconds;
};

constexpr std::array<TimeUnit, 6> kTimeUnits = {{{"h", 3'600'000'000'000},
                                                 {"m", 60'000'000'000},
                                                 {"s", 1'000'000'000},
                                                 {"ms", 1'000'000},
                                                 {"us", 1'000},
                                                 {"ns", 1}}};

constexpr double kLongest = 366.0 * 24 * 3'600e9;

const TimeUnit* find_unit(std::string_view name) {
  for (const TimeUnit& unit : kTimeUnits) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

}  // namespace

std::optional<nanoseconds> parse_scenario_time(std::string_view text) {
  if (text == "0") return nanoseconds(0);
  double total = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    double number = 0;
    const auto read =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    const bool is_number = text.front() >= '0' && text.front() <= '9' && read.ec == std::errc();
    if (!is_number) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
    const std::string_view name = text.substr(0, text.find_first_of("0123456789"));
    const TimeUnit* unit = find_unit(name);
    if (unit == nullptr) return std::nullopt;
    text.remove_prefix(name.size());
    total += number * static_cast<double>(unit->nanoseconds);
    if (total > kLongest) return std::nullopt;
  }
  return nanoseconds(std::llround(total));
}

std::string format_scenario_time(nanoseconds time) {
  std::int64_t rest = time.count();
  std::string text;
  for (const TimeUnit& unit : kTimeUnits) {
    if (rest >= unit.nanoseconds) text += fmt::format("{}{}", rest / unit.nanoseconds, unit.name);
    rest %= unit.nanoseconds;
  }
  return text.empty() ? "0s" : text;
}

}  // namespace betrace::app
