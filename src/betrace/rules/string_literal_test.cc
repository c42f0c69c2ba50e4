// Goal: a string literal ends where it should, means what it says, and has one canonical spelling.
// Method: literals by hand; random values round trip. (What is refused is in tests/rules.)

#include "betrace/rules/string_literal.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>
#include <string>

#include "betrace/base/test_seed.h"
#include "betrace/base/utf8.h"

namespace betrace::rules {
namespace {

std::size_t scanned(std::string_view text) {
  Refusal refusal;
  return scan_string(text, 0, &refusal);
}

TEST(ScanStringTest, EndsAtItsOwnQuote) {
  EXPECT_EQ(scanned("\"it's\" x"), 6u);
  EXPECT_EQ(scanned("'say \"a\"' x"), 9u);
  EXPECT_EQ(scanned("r\"a\\\" x\""), 5u);
  EXPECT_EQ(scanned("\"a\\\" x\""), 7u);
}

TEST(ScanStringTest, PointsAtTheMistake) {
  Refusal refusal;
  EXPECT_EQ(scan_string("xx \"ab\\q\"", 3, &refusal), 0u);
  EXPECT_EQ(refusal.reason().range.offset, 6u);
  EXPECT_EQ(refusal.reason().range.length, 2u);
}

TEST(StringValueTest, KnowsEveryEscape) {
  EXPECT_EQ(string_value(R"("\n\t\r\\\"\'\/")"), "\n\t\r\\\"'/");
  EXPECT_EQ(string_value(R"('\u0041\u00e9\u652f\ud83d\udcb0')"), "Aé支💰");
  EXPECT_EQ(string_value(R"(r"\n\u0041")"), R"(\n\u0041)");
  EXPECT_EQ(string_value(R"("\u0000")"), std::string(1, '\0'));
}

TEST(StringLiteralTest, HasTheFewestEscapes) {
  EXPECT_EQ(string_literal("it's a \"test\" \\ / é"), R"("it's a \"test\" \\ / é")");
  EXPECT_EQ(string_literal("\n\t\r"), R"("\n\t\r")");
  EXPECT_EQ(string_literal(std::string("\0\x1f\x7f", 3)), R"("\u0000\u001f\u007f")");
  EXPECT_EQ(string_literal("\u0085"), R"("\u0085")");
}

TEST(FindHiddenCharacterTest, SaysWhere) {
  EXPECT_EQ(find_hidden_character("\"ab\u200bc\""), 3u);
  EXPECT_EQ(find_hidden_character("'\u202e'"), 1u);
  EXPECT_EQ(find_hidden_character("r\"\ufeff\""), 2u);
  EXPECT_EQ(find_hidden_character(R"("a\u2066")"), 2u);
  EXPECT_EQ(find_hidden_character(R"(r"\u2066")"), std::string_view::npos);
  EXPECT_EQ(find_hidden_character("\"支払い é\""), std::string_view::npos);
}

TEST(StringLiteralTest, RandomValuesComeBack) {
  std::mt19937_64 random(test_seed());
  const std::string pieces[] = {"a",
                                "\"",
                                "\\",
                                "'",
                                "/",
                                "n",
                                "u0041",
                                "\n",
                                "\t",
                                "\x01",
                                "é",
                                "支",
                                "💰",
                                "\u200b",
                                "\u0085",
                                " ",
                                std::string(1, '\0')};
  for (int round = 0; round < 2'000; ++round) {
    std::string value;
    for (std::uint64_t left = random() % 12; left > 0; --left) value += pieces[random() % 17];
    const std::string literal = string_literal(value);
    ASSERT_EQ(scanned(literal), literal.size()) << literal;
    ASSERT_EQ(string_value(literal), value) << literal;
    ASSERT_TRUE(is_utf8(literal));
  }
}

}  // namespace
}  // namespace betrace::rules
