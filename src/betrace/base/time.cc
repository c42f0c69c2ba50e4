#include "betrace/base/time.h"

#include <fmt/format.h>

#include <limits>

namespace betrace {
namespace {

std::uint64_t since_epoch(auto time_point) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(time_point.time_since_epoch()).count());
}

// Reads `count` digits at `text[*at]` and moves on; -1 if they are not all digits.
int take_digits(std::string_view text, std::size_t* at, std::size_t count) {
  if (text.size() - *at < count) return -1;
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const char c = text[*at + i];
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  *at += count;
  return value;
}

bool take_char(std::string_view text, std::size_t* at, std::string_view any_of) {
  if (*at >= text.size() || any_of.find(text[*at]) == std::string_view::npos) return false;
  ++*at;
  return true;
}

// Reads `.123` as nanoseconds; no dot is zero; -1 if malformed.
std::int64_t take_fraction(std::string_view text, std::size_t* at) {
  if (!take_char(text, at, ".")) return 0;
  std::int64_t nanos = 0;
  int digits = 0;
  for (; *at < text.size() && text[*at] >= '0' && text[*at] <= '9'; ++*at, ++digits) {
    if (digits == 9) return -1;
    nanos = nanos * 10 + (text[*at] - '0');
  }
  if (digits == 0) return -1;
  for (; digits < 9; ++digits) nanos *= 10;
  return nanos;
}

// Reads `Z` or an offset in minutes east of UTC into `minutes`.
bool take_offset(std::string_view text, std::size_t* at, int* minutes) {
  *minutes = 0;
  if (take_char(text, at, "Zz")) return true;
  if (*at >= text.size()) return false;
  const char sign = text[*at];
  if (!take_char(text, at, "+- ")) return false;
  const int hour = take_digits(text, at, 2);
  if (hour < 0 || hour > 23 || !take_char(text, at, ":")) return false;
  const int minute = take_digits(text, at, 2);
  if (minute < 0 || minute > 59) return false;
  *minutes = (hour * 60 + minute) * (sign == '-' ? -1 : 1);
  return true;
}

}  // namespace

Now read_clocks() noexcept {
  return Now{std::chrono::steady_clock::now(), since_epoch(std::chrono::system_clock::now())};
}

std::string format_rfc3339(UnixNanos time, int fraction_digits) {
  using namespace std::chrono;
  const auto seconds_since = sys_seconds(seconds(time / kNanosPerSecond));
  const auto day = floor<days>(seconds_since);
  const year_month_day date(day);
  const hh_mm_ss clock(seconds_since - day);
  std::string fraction = fmt::format("{:09}", time % kNanosPerSecond);
  if (fraction_digits >= 0) {
    fraction.resize(static_cast<std::size_t>(fraction_digits));
  } else {
    fraction.erase(fraction.find_last_not_of('0') + 1);
  }
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}{}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     fraction.empty() ? "" : ".", fraction);
}

Result<UnixNanos> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  const auto malformed = fail(ErrorCode::InvalidArgument, "not an RFC 3339 time");
  std::size_t at = 0;
  const int year_number = take_digits(text, &at, 4);
  if (year_number < 0 || !take_char(text, &at, "-")) return malformed;
  const int month_number = take_digits(text, &at, 2);
  if (month_number < 0 || !take_char(text, &at, "-")) return malformed;
  const int day_number = take_digits(text, &at, 2);
  if (day_number < 0 || !take_char(text, &at, "Tt ")) return malformed;
  const int hour = take_digits(text, &at, 2);
  if (hour < 0 || hour > 23 || !take_char(text, &at, ":")) return malformed;
  const int minute = take_digits(text, &at, 2);
  if (minute < 0 || minute > 59 || !take_char(text, &at, ":")) return malformed;
  const int second = take_digits(text, &at, 2);
  if (second < 0 || second > 60) return malformed;
  const std::int64_t fraction = take_fraction(text, &at);
  int offset_minutes = 0;
  if (fraction < 0 || !take_offset(text, &at, &offset_minutes) || at != text.size()) {
    return malformed;
  }
  const year_month_day date(year(year_number), month(static_cast<unsigned>(month_number)),
                            day(static_cast<unsigned>(day_number)));
  if (!date.ok()) return malformed;
  const std::int64_t total = sys_days(date).time_since_epoch().count() * std::int64_t{86'400} +
                             hour * 3'600 + minute * 60 + second - offset_minutes * 60;
  constexpr auto kSecondsMax =
      static_cast<std::int64_t>(std::numeric_limits<std::uint64_t>::max() / kNanosPerSecond) - 1;
  if (total < 0 || total > kSecondsMax) {
    return fail(ErrorCode::InvalidArgument, "time is outside 1970-01-01..2554-07-21");
  }
  return static_cast<std::uint64_t>(total) * kNanosPerSecond + static_cast<std::uint64_t>(fraction);
}

}  // namespace betrace
