// Goal: numbers compare by value without rounding, and only what the reference calls a number is
// one.

#include "betrace/rules/number.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

namespace betrace::rules {
namespace {

constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kSmallest = std::numeric_limits<std::int64_t>::min();

TEST(CompareNumbersTest, AnIntegerIsNeverRoundedToADouble) {
  EXPECT_TRUE(compare(Number::of(kLargest), Number::of(kTwoTo63)) < 0);
  EXPECT_TRUE(compare(Number::of(kSmallest), Number::of(-kTwoTo63)) == 0);
  EXPECT_TRUE(compare(Number::of(std::int64_t{9007199254740993}), Number::of(9007199254740992.0)) >
              0);
  EXPECT_TRUE(compare(Number::of(std::int64_t{2}), Number::of(2.5)) < 0);
  EXPECT_TRUE(compare(Number::of(std::int64_t{-2}), Number::of(-2.5)) > 0);
}

TEST(CompareNumbersTest, InfinityIsBeyondEverythingAndNanIsUnordered) {
  const double infinity = std::numeric_limits<double>::infinity();
  const auto wide = parse_number("99999999999999999999");
  ASSERT_TRUE(wide.has_value());
  EXPECT_TRUE(compare(Number::of(kLargest), Number::of(infinity)) < 0);
  EXPECT_TRUE(compare(*wide, Number::of(infinity)) < 0);
  EXPECT_TRUE(compare(*wide, Number::of(-infinity)) > 0);
  EXPECT_TRUE(compare(Number::of(std::nan("")), Number::of(kLargest)) ==
              std::partial_ordering::unordered);
  EXPECT_TRUE(compare(*wide, Number::of(std::nan(""))) == std::partial_ordering::unordered);
}

TEST(CompareNumbersTest, IntegersBeyondSixtyFourBitsKeepEveryDigit) {
  const auto low = parse_number("9223372036854775808");
  const auto high = parse_number("9223372036854775809");
  const auto negative = parse_number("-9223372036854775809");
  ASSERT_TRUE(low && high && negative);
  EXPECT_TRUE(compare(*low, Number::of(kTwoTo63)) == 0);
  EXPECT_TRUE(compare(*high, Number::of(kTwoTo63)) > 0);
  EXPECT_TRUE(compare(*low, *high) < 0);
  EXPECT_TRUE(compare(*negative, Number::of(kSmallest)) < 0);
  EXPECT_TRUE(compare(*negative, *low) < 0);
  EXPECT_TRUE(compare(*negative, Number::of(-kTwoTo63)) < 0);
  EXPECT_TRUE(compare(Number::of(kTwoTo63), *high) < 0);
}

TEST(ParseNumberTest, TakesExactlyTheNumbersOfJson) {
  for (const char* text : {"0", "-0", "7", "-7", "7.0", "1e3", "1E+3", "2.5e-1"}) {
    EXPECT_TRUE(parse_number(text).has_value()) << text;
  }
  for (const char* text : {"", "-", "+1", "01", "007", " 7", "7 ", "7.", ".5", "1e", "1e+", "0x1",
                           "inf", "NaN", "1_000", "--1", "1.2.3", "7s"}) {
    EXPECT_FALSE(parse_number(text).has_value()) << text;
  }
}

TEST(ParseNumberTest, ATextOfSixtyFourCharactersIsTheLongest) {
  EXPECT_TRUE(parse_number(std::string(64, '1')).has_value());
  EXPECT_FALSE(parse_number(std::string(65, '1')).has_value());
}

TEST(ParseNumberTest, ExponentsOutOfRangeBecomeZeroOrInfinity) {
  EXPECT_EQ(parse_number("1e-400")->real, 0.0);
  EXPECT_EQ(parse_number("1e400")->real, std::numeric_limits<double>::infinity());
  EXPECT_EQ(parse_number("-1e400")->real, -std::numeric_limits<double>::infinity());
}

TEST(ParseDurationTest, TakesWholeDurationsOnly) {
  EXPECT_EQ(parse_duration("1m30s"), 90'000'000'000);
  EXPECT_EQ(parse_duration("1.5ms"), 1'500'000);
  EXPECT_EQ(parse_duration("2µs"), 2'000);
  EXPECT_EQ(parse_duration("0.9ns"), 0);
  for (const char* text : {"", "5", "s", "1 s", "1s ", "-1s", "1.s", "1x", "1s5", "999999999d"}) {
    EXPECT_FALSE(parse_duration(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace betrace::rules
