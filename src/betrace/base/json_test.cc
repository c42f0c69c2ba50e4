#include "betrace/base/json.h"

#include <gtest/gtest.h>

#include <string>

namespace betrace {
namespace {

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(ParseJsonTest, ReadsOneValue) {
  const auto value = parse_json(R"({"a":[1,-2.5,"x",true,null]})");
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ((*value)["a"].size(), 5u);
}

TEST(ParseJsonTest, RefusesMoreOrLessThanOneValue) {
  for (const char* text : {"", " ", "1 2", "{", "[1,]", "{\"a\":1,}", "nul", "'a'", "NaN", "01",
                           "\"\xff\"", "// c\n1", "\"a\nb\""}) {
    const auto value = parse_json(text);
    ASSERT_FALSE(value.has_value()) << text;
    EXPECT_EQ(value.error().code, ErrorCode::InvalidArgument);
    EXPECT_EQ(value.error().message.rfind("not JSON: ", 0), 0u) << value.error().message;
  }
}

TEST(ParseJsonTest, RefusesAKeyThatOccursTwice) {
  const auto value = parse_json(R"({"a":{"b":1},"c":{"b":1},"a":2})");
  ASSERT_FALSE(value.has_value());
  EXPECT_EQ(value.error().message, "member \"a\" occurs twice");
}

TEST(ParseJsonTest, StopsAtTheDepthLimit) {
  EXPECT_TRUE(parse_json(nested(kJsonDepthMax)).has_value());
  const auto value = parse_json(nested(kJsonDepthMax + 1));
  ASSERT_FALSE(value.has_value());
  EXPECT_EQ(value.error().message, "nested deeper than 64");
  EXPECT_FALSE(parse_json(nested(1'000'000)).has_value());
  EXPECT_FALSE(parse_json(nested(3), 2).has_value());
}

TEST(ParseJsonTest, SurvivesNumbersOutOfRange) {
  EXPECT_FALSE(parse_json("1e999").has_value());
  EXPECT_TRUE(parse_json("123456789012345678901234567890").has_value());
}

TEST(DumpJsonTest, ReplacesInvalidText) {
  EXPECT_EQ(dump_json(Json("a\xff")), "\"a\xef\xbf\xbd\"");
  EXPECT_EQ(dump_json(Json{{"b", 1}, {"a", 2}}), R"({"a":2,"b":1})");
}

}  // namespace
}  // namespace betrace
