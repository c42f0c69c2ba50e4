// Goal: numbers and durations end where they should and are worth exactly what they say.
// Method: bounds by hand.

#include "betrace/rules/number_literal.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace betrace::rules {
namespace {

constexpr std::int64_t kIntegerMax = std::numeric_limits<std::int64_t>::max();

void expect_scan(std::string_view text, TokenKind kind, std::size_t size) {
  const NumberScan scan = scan_number(text);
  EXPECT_EQ(scan.kind, kind) << text;
  EXPECT_EQ(scan.size, size) << text;
}

TEST(ScanNumberTest, FindsTheEndOfNumbers) {
  expect_scan("5", TokenKind::Number, 1);
  expect_scan("010 x", TokenKind::Number, 3);
  expect_scan("1.5)", TokenKind::Number, 3);
  expect_scan("1.x", TokenKind::Number, 1);
  expect_scan("1e5", TokenKind::Number, 3);
  expect_scan("1.5E-10+", TokenKind::Number, 7);
  expect_scan("1.2.3", TokenKind::Number, 3);
}

TEST(ScanNumberTest, FindsTheEndOfDurations) {
  expect_scan("5ms", TokenKind::Duration, 3);
  expect_scan("5m", TokenKind::Duration, 2);
  expect_scan("1h30m1.5s)", TokenKind::Duration, 9);
  expect_scan("5µs", TokenKind::Duration, 4);
  expect_scan("1m1m", TokenKind::Duration, 4);
  expect_scan("5s.x", TokenKind::Duration, 2);
}

TEST(ScanNumberTest, TakesTheWholeWordOfAMalformedOne) {
  expect_scan("0x10)", TokenKind::End, 4);
  expect_scan("5sec", TokenKind::End, 4);
  expect_scan("1h30", TokenKind::End, 4);
  expect_scan("1e", TokenKind::End, 2);
  expect_scan("5μs", TokenKind::End, 4);
  expect_scan("2fa.check", TokenKind::End, 3);
}

TEST(NumberValueTest, KeepsIntegersExact) {
  EXPECT_EQ(number_value("9007199254740993")->integer, 9007199254740993u);
  EXPECT_EQ(number_value("9223372036854775807")->integer, 9223372036854775807u);
  EXPECT_EQ(number_value("9223372036854775808")->integer, 9223372036854775808u);
  EXPECT_FALSE(number_value("9223372036854775809").has_value());
  EXPECT_FALSE(number_value(std::string(100, '9')).has_value());
  EXPECT_EQ(number_value("010")->integer, 10u);
}

TEST(NumberValueTest, ReadsDoubles) {
  EXPECT_FALSE(number_value("1.0")->is_integer);
  EXPECT_EQ(number_value("1.5e10")->real, 1.5e10);
  EXPECT_EQ(number_value("1e-999")->real, 0.0);
  EXPECT_FALSE(number_value("1e999").has_value());
  EXPECT_FALSE(number_value(std::string(400, '9') + ".0").has_value());
  EXPECT_EQ(number_value("0." + std::string(400, '0') + "1")->real, 0.0);
}

TEST(DurationValueTest, AddsPartsAndDropsFractionsOfANanosecond) {
  EXPECT_EQ(duration_value("1ns"), 1);
  EXPECT_EQ(duration_value("1h30m1.5s"), 5'401'500'000'000);
  EXPECT_EQ(duration_value("1.9999ns"), 1);
  EXPECT_EQ(duration_value("0.0015s"), 1'500'000);
  EXPECT_EQ(duration_value("0.1us0.9us"), 1'000);
  EXPECT_EQ(duration_value("5µs"), 5'000);
  EXPECT_EQ(duration_value("1." + std::string(100, '9') + "d"), 172'799'999'999'999);
}

TEST(DurationValueTest, EndsAtSixtyFourBits) {
  EXPECT_EQ(duration_value("9223372036854775807ns"), kIntegerMax);
  EXPECT_FALSE(duration_value("9223372036854775808ns").has_value());
  EXPECT_FALSE(duration_value("9223372036854775807ns1ns").has_value());
  EXPECT_FALSE(duration_value(std::string(200, '9') + "d").has_value());
}

}  // namespace
}  // namespace betrace::rules
