#include "betrace/app/setting_value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace betrace::app {
namespace {

using std::chrono::milliseconds;

TEST(ParseDurationTest, ReadsUnitsAndPlainMilliseconds) {
  EXPECT_EQ(*parse_duration("5s"), milliseconds(5'000));
  EXPECT_EQ(*parse_duration("250ms"), milliseconds(250));
  EXPECT_EQ(*parse_duration("1m30s"), milliseconds(90'000));
  EXPECT_EQ(*parse_duration("30d"), milliseconds(2'592'000'000));
  EXPECT_EQ(*parse_duration("5000"), milliseconds(5'000));
  EXPECT_EQ(*parse_duration("0"), milliseconds(0));
  EXPECT_EQ(*parse_duration("1d2h3m4s5ms"), milliseconds(93'784'005));
}

TEST(ParseDurationTest, RefusesEverythingElse) {
  for (const char* text : {"", "s", "5 s", "5x", "-5s", "1.5s", "1s1m", "1s1s", "5s5", "1m30",
                           "99999999999999999999s", "9223372036854775807d", "36501d", "5S"}) {
    EXPECT_FALSE(parse_duration(text).has_value()) << text;
  }
}

TEST(ParseSizeTest, ReadsBothKindsOfUnits) {
  EXPECT_EQ(*parse_size("0"), 0u);
  EXPECT_EQ(*parse_size("65536"), 65'536u);
  EXPECT_EQ(*parse_size("64MiB"), 67'108'864u);
  EXPECT_EQ(*parse_size("1GB"), 1'000'000'000u);
  EXPECT_EQ(*parse_size("2kb"), 2'000u);
  EXPECT_EQ(*parse_size("3KIB"), 3'072u);
}

TEST(ParseSizeTest, RefusesEverythingElse) {
  for (const char* text : {"", "MiB", "1 MiB", "64M", "-1", "1.5GB", "9223372036854775807KiB",
                           "9223372036854775808"}) {
    EXPECT_FALSE(parse_size(text).has_value()) << text;
  }
}

TEST(ParseBooleanTest, ReadsFourWordsInAnyCase) {
  EXPECT_TRUE(*parse_boolean("True"));
  EXPECT_TRUE(*parse_boolean("1"));
  EXPECT_FALSE(*parse_boolean("FALSE"));
  EXPECT_FALSE(*parse_boolean("0"));
  EXPECT_FALSE(parse_boolean("yes").has_value());
  EXPECT_FALSE(parse_boolean("").has_value());
}

TEST(ParseRateTest, ReadsRefillAndBucket) {
  EXPECT_EQ(*parse_rate("100/5000"), (Rate{100, 5'000}));
  EXPECT_EQ(*parse_rate("0"), Rate{});
  for (const char* text : {"", "100", "/5", "5/", "0/5", "5/0", "1/2/3", "-1/2"}) {
    EXPECT_FALSE(parse_rate(text).has_value()) << text;
  }
}

TEST(ParseListTest, TrimsItemsAndLeavesOutEmptyOnes) {
  EXPECT_THAT(parse_list(" a, b c ,,d,"), ::testing::ElementsAre("a", "b c", "d"));
  EXPECT_THAT(parse_list(""), ::testing::IsEmpty());
}

TEST(FormatTest, IsTheInverseOfParsing) {
  for (const char* text : {"0s", "1m30s", "5d", "250ms", "1h1ms"}) {
    EXPECT_EQ(format_duration(*parse_duration(text)), text);
  }
  for (const char* text : {"0", "1", "1023", "64MiB", "1025KiB", "8GiB", "3TiB"}) {
    EXPECT_EQ(format_size(*parse_size(text)), text);
  }
  EXPECT_EQ(format_rate(Rate{20, 2'000}), "20/2000");
  EXPECT_EQ(format_rate(Rate{}), "0");
}

}  // namespace
}  // namespace betrace::app
