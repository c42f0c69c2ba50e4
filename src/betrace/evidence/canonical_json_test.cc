#include "betrace/evidence/canonical_json.h"

#include <gtest/gtest.h>

// Goal: one text for each value, and nothing but that text is accepted.
// Method: vectors by hand, taken through the tree writer, the stream writer and the reader.

namespace betrace::evidence {
namespace {

std::string canonical(const char* text) {
  const auto value = parse_json(text);
  EXPECT_TRUE(value.has_value()) << text;
  const auto result = canonical_json(*value);
  return result ? *result : "error: " + result.error().message;
}

TEST(CanonicalJsonTest, SortsKeysAndDropsSpace) {
  EXPECT_EQ(canonical(R"({ "b" : 1, "a": [ true , null ], "A":{} })"),
            R"({"A":{},"a":[true,null],"b":1})");
  EXPECT_EQ(canonical(R"({"aa":1,"a":2,"a_":3,"aA":4})"), R"({"a":2,"aA":4,"a_":3,"aa":1})");
}

TEST(CanonicalJsonTest, EscapesOnlyWhatItMust) {
  EXPECT_EQ(canonical(R"("\u0000\u001f\b\t\n\f\r\"\\\/\u20ac\u007f")"),
            "\"\\u0000\\u001f\\b\\t\\n\\f\\r\\\"\\\\/\xE2\x82\xAC\x7F\"");
}

TEST(CanonicalJsonTest, WritesIntegersBeyondTheExactRangeAsText) {
  EXPECT_EQ(canonical("[9007199254740991,9007199254740992,-9007199254740991,-9007199254740992]"),
            R"([9007199254740991,"9007199254740992",-9007199254740991,"-9007199254740992"])");
  EXPECT_EQ(canonical("18446744073709551615"), R"("18446744073709551615")");
}

TEST(CanonicalJsonTest, RefusesWhatHasNoCanonicalForm) {
  EXPECT_EQ(canonical("[1.5]"), "error: value is a floating-point number");
  EXPECT_EQ(canonical("{\"\xC3\xA9\":1}"), "error: a key is not ASCII");
  EXPECT_EQ(canonical_json(Json("\xFF")).error().message, "a text is not valid UTF-8");
}

TEST(CanonicalJsonTest, RefusesTooDeepATree) {
  Json value = 1;
  for (int i = 0; i < kCanonicalDepthMax; ++i) value = Json::array({value});
  EXPECT_TRUE(canonical_json(value).has_value());
  value = Json::array({value});
  EXPECT_EQ(canonical_json(value).error().message, "value is nested too deep");
}

TEST(ReadCanonicalJsonTest, TakesOnlyTheCanonicalText) {
  EXPECT_TRUE(read_canonical_json(R"({"a":1,"b":"x"})").has_value());
  for (const char* text :
       {R"({"b":"x","a":1})", R"({"a":1, "b":"x"})", R"({"a":1,"a":1})", R"({"a":-0})",
        R"({"a":1.0})", R"({"a":1e2})", R"({"a":"\u0041"})", R"({"a":9007199254740992})",
        R"({"a":"\/"})", R"({"a":1}x)", "", "{", R"({"a":"\ud800"})"}) {
    const auto result = read_canonical_json(text);
    ASSERT_FALSE(result.has_value()) << text;
    EXPECT_EQ(result.error().code, ErrorCode::Corrupt) << text;
  }
}

TEST(ReadCanonicalJsonTest, BoundsTheLength) {
  const std::string fitting = "\"" + std::string(kCanonicalBytesMax - 2, 'x') + "\"";
  EXPECT_TRUE(read_canonical_json(fitting).has_value());
  EXPECT_FALSE(read_canonical_json("\"" + std::string(kCanonicalBytesMax - 1, 'x') + "\""));
}

TEST(CanonicalWriterTest, WritesWhatTheTreeWriterWrites) {
  CanonicalWriter writer;
  writer.begin_object().key("a").begin_array().integer(std::uint64_t{1}).text("x\n").null();
  writer.end_array().key("b").begin_object().end_object().key("c").boolean(false).end_object();
  const std::string text = writer.take();
  EXPECT_EQ(text, R"({"a":[1,"x\n",null],"b":{},"c":false})");
  EXPECT_TRUE(read_canonical_json(text).has_value());
}

TEST(CanonicalWriterTest, ReplacesInvalidBytes) {
  CanonicalWriter writer;
  writer.text("a\xFF\xE2\x82z\xC3\xA9\xF0\x9F");
  EXPECT_EQ(writer.take(),
            "\"a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz\xC3\xA9\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST(CanonicalWriterDeathTest, KeysOutOfOrderAreABug) {
  CanonicalWriter writer;
  writer.begin_object().key("b").null();
  EXPECT_DEATH(writer.key("a"), "last_key < name");
}

TEST(EscapedSizeTest, CountsTheBytesBetweenTheQuotes) {
  for (const char* text : {"", "abc", "\"\\\n\t", "\x01\x1f", "\xE2\x82\xAC"}) {
    CanonicalWriter writer;
    writer.text(text);
    EXPECT_EQ(escaped_size(text) + 2, writer.take().size()) << text;
  }
}

}  // namespace
}  // namespace betrace::evidence
