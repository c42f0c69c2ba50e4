// Goal: expressions are RE2's, bounded in size, and search a bounded text.
// Method: bounds by hand.

#include "betrace/rules/regex.h"

#include <gtest/gtest.h>

#include <string>

namespace betrace::rules {
namespace {

bool finds(std::string_view expression, std::string_view text) {
  const auto regex = Regex::compile(expression);
  EXPECT_TRUE(regex.has_value()) << expression;
  return regex && (*regex)->search(text);
}

std::string refusal_of(std::string_view expression) {
  const auto regex = Regex::compile(expression);
  return regex ? "" : regex.error().message;
}

TEST(RegexTest, MatchesSomewhere) {
  EXPECT_TRUE(finds("b", "abc"));
  EXPECT_FALSE(finds("^b", "abc"));
  EXPECT_TRUE(finds("", ""));
  EXPECT_TRUE(finds("^.mile$", "émile"));
  EXPECT_TRUE(finds("(?i)ABC", "xabcx"));
  EXPECT_EQ((*Regex::compile("a+"))->expression(), "a+");
}

TEST(RegexTest, LooksAtTheFirst16384Bytes) {
  EXPECT_TRUE(finds("b", std::string(kRegexSearchBytesMax - 1, 'a') + "b"));
  EXPECT_FALSE(finds("b", std::string(kRegexSearchBytesMax, 'a') + "b"));
  EXPECT_TRUE(finds("a$", std::string(kRegexSearchBytesMax, 'a') + "b"));
}

TEST(RegexTest, SaysWhatIsWrong) {
  EXPECT_EQ(refusal_of("[z-a]"), "invalid character class range: z-a");
  EXPECT_NE(refusal_of("(?=a)").find("look-around"), std::string::npos);
  EXPECT_NE(refusal_of("(?<!a)b").find("look-around"), std::string::npos);
  EXPECT_NE(refusal_of("(a)\\1").find("back-references"), std::string::npos);
  EXPECT_NE(refusal_of("("), "");
  EXPECT_NE(refusal_of("a\\"), "");
}

TEST(RegexTest, BoundsLengthRepeatsAndProgram) {
  EXPECT_EQ(refusal_of(std::string(kRegexBytesMax, 'a')), "");
  EXPECT_NE(refusal_of(std::string(kRegexBytesMax + 1, 'a')), "");
  EXPECT_EQ(refusal_of("a{1000}"), "");
  EXPECT_NE(refusal_of("a{1001}"), "");
  EXPECT_NE(refusal_of("((a{100}){100}){100}"), "");
}

TEST(RegexTest, TakesLinearTimeOnHostileExpressions) {
  EXPECT_FALSE(finds("(a*)*b", std::string(kRegexSearchBytesMax, 'a')));
  EXPECT_FALSE(finds("(a|aa)+$", std::string(kRegexSearchBytesMax - 1, 'a') + "b"));
}

TEST(RegexTest, TakesTextThatIsNotUtf8) { EXPECT_TRUE(finds("b", "\xff\xfe b")); }

}  // namespace
}  // namespace betrace::rules
