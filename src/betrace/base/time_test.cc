#include "betrace/base/time.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace betrace {
namespace {

constexpr UnixNanos kSecond = 1'000'000'000;

TEST(FormatRfc3339Test, LeavesOutTrailingZeros) {
  EXPECT_EQ(format_rfc3339(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_rfc3339(1'769'853'600 * kSecond + 250'000'000), "2026-01-31T10:00:00.25Z");
  EXPECT_EQ(format_rfc3339(1), "1970-01-01T00:00:00.000000001Z");
}

TEST(FormatRfc3339Test, CutsToTheGivenDigits) {
  const UnixNanos time = 1'769'853'600 * kSecond + 129'999'999;
  EXPECT_EQ(format_rfc3339(time, 3), "2026-01-31T10:00:00.129Z");
  EXPECT_EQ(format_rfc3339(time, 0), "2026-01-31T10:00:00Z");
}

TEST(FormatRfc3339Test, TakesTheLargestTime) {
  EXPECT_EQ(format_rfc3339(std::numeric_limits<UnixNanos>::max(), 0), "2554-07-21T23:34:33Z");
}

TEST(ParseRfc3339Test, ReadsOffsetsAndFractions) {
  EXPECT_EQ(*parse_rfc3339("1970-01-01T00:00:00Z"), 0u);
  EXPECT_EQ(*parse_rfc3339("2026-01-31T10:00:00.25Z"), 1'769'853'600 * kSecond + 250'000'000);
  EXPECT_EQ(*parse_rfc3339("2026-01-31T11:30:00+01:30"), 1'769'853'600 * kSecond);
  EXPECT_EQ(*parse_rfc3339("2026-01-31T11:30:00 01:30"), 1'769'853'600 * kSecond);
  EXPECT_EQ(*parse_rfc3339("2026-01-31t08:00:00.000000001-02:00"), 1'769'853'600 * kSecond + 1);
  EXPECT_EQ(*parse_rfc3339("2024-02-29T00:00:00Z"), 1'709'164'800 * kSecond);
}

TEST(ParseRfc3339Test, RefusesEverythingElse) {
  for (const char* text :
       {"", "2026-01-31", "2026-01-31T10:00:00", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
        "2026-01-31T24:00:00Z", "2026-01-31T10:60:00Z", "2026-01-31T10:00:61Z",
        "2026-01-31T10:00:00.Z", "2026-01-31T10:00:00.1234567890Z", "2026-01-31T10:00:00Zz",
        "2026-01-31T10:00:00+1:00", "2026-01-31T10:00:00+24:00", "26-01-31T10:00:00Z",
        "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+00:01", "2554-07-22T00:00:00Z",
        "9999-12-31T23:59:59Z", "-026-01-31T10:00:00Z"}) {
    EXPECT_FALSE(parse_rfc3339(text).has_value()) << text;
  }
}

TEST(ParseRfc3339Test, IsTheInverseOfFormatting) {
  for (const UnixNanos time : {UnixNanos{1}, 951'782'399 * kSecond, 4'102'444'800 * kSecond + 5,
                               18'446'744'072 * kSecond + 999'999'999}) {
    EXPECT_EQ(*parse_rfc3339(format_rfc3339(time)), time) << time;
  }
}

TEST(ReadClocksTest, GoForwardAndAgreeWithTheCalendar) {
  const Now first = read_clocks();
  const Now second = read_clocks();
  EXPECT_LE(first.monotonic, second.monotonic);
  EXPECT_GT(first.wall, 1'700'000'000 * kSecond);
}

}  // namespace
}  // namespace betrace
