// Goal: parameters are read as docs/guide/api.md says, and no mistake goes unnoticed.

#include "betrace/api/query.h"

#include <gtest/gtest.h>

namespace betrace::api {
namespace {

constexpr UnixNanos kSecond = 1'000'000'000;

// `a=1&b=2`, nothing escaped.
http::RequestHead head_of(std::string_view raw) {
  http::RequestHead head;
  while (!raw.empty()) {
    const std::string_view part = raw.substr(0, raw.find('&'));
    raw.remove_prefix(std::min(raw.size(), part.size() + 1));
    const std::size_t equals = part.find('=');
    head.query.emplace_back(part.substr(0, equals), part.substr(equals + 1));
  }
  return head;
}

std::string code_of(const std::optional<ApiError>& error) {
  return error ? std::string(name_of(error->kind)) : "";
}

TEST(TimeParameterTest, TakesSecondsDecimalsAndRfc3339) {
  EXPECT_EQ(parse_time_parameter("t", "1769853600").value(), 1769853600 * kSecond);
  EXPECT_EQ(parse_time_parameter("t", "1769853600.25").value(), 1769853600 * kSecond + kSecond / 4);
  EXPECT_EQ(parse_time_parameter("t", "2026-01-31T10:00:00Z").value(), 1769853600 * kSecond);
  EXPECT_EQ(parse_time_parameter("t", "2026-01-31T11:00:00 01:00").value(), 1769853600 * kSecond);
  EXPECT_EQ(parse_time_parameter("t", "0").value(), 0u);
}

TEST(TimeParameterTest, RefusesMilliseconds) {
  EXPECT_TRUE(parse_time_parameter("t", "99999999999"));
  const auto refused = parse_time_parameter("t", "100000000000");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "t is not in seconds; milliseconds or finer are not taken");
}

TEST(TimeParameterTest, RefusesOtherTexts) {
  for (const char* text : {"", "yesterday", "-1", "1e9", "1.", ".5", "1.1234567890", "1.2.3"}) {
    EXPECT_FALSE(parse_time_parameter("t", text)) << text;
  }
}

TEST(QueryReaderTest, ReportsAParameterThatNobodyKnows) {
  const http::RequestHead head = head_of("enabled=true");
  QueryReader query(head);
  EXPECT_FALSE(query.boolean("enabled_only", false));
  const auto mistake = query.finish();
  EXPECT_EQ(code_of(mistake), "unknown_parameter");
  EXPECT_EQ(mistake->message, "unknown parameter \"enabled\"; known: enabled_only");
}

TEST(QueryReaderTest, ReadsBooleans) {
  const http::RequestHead head = head_of("a=true&b=0&c=1&d=false");
  QueryReader query(head);
  EXPECT_TRUE(query.boolean("a", false));
  EXPECT_FALSE(query.boolean("b", true));
  EXPECT_TRUE(query.boolean("c", false));
  EXPECT_FALSE(query.boolean("d", true));
  EXPECT_TRUE(query.boolean("e", true));
  EXPECT_EQ(code_of(query.finish()), "");
}

TEST(QueryReaderTest, ReadsListsFromCommasAndRepeats) {
  const http::RequestHead head = head_of("tags=a,b&tags=c&severity=high,LOW");
  QueryReader query(head);
  EXPECT_EQ(query.list("tags"), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(query.severities("severity"),
            (std::vector<model::Severity>{model::Severity::High, model::Severity::Low}));
  EXPECT_EQ(code_of(query.finish()), "");
}

TEST(QueryReaderTest, ReadsPagesWithinTheirBounds) {
  const http::RequestHead head = head_of("limit=1000&offset=10000");
  QueryReader query(head);
  const Page page = query.page(100, 1'000, 10'000);
  EXPECT_EQ(page.limit, 1000u);
  EXPECT_EQ(page.offset, 10'000u);
  EXPECT_EQ(code_of(query.finish()), "");
}

// Each row is one mistake in one value.
TEST(QueryReaderTest, RefusesValuesThatDoNotFit) {
  for (const char* raw : {"limit=0", "limit=1001", "limit=-1", "limit=1x", "limit=",
                          "limit=1&limit=2", "offset=10001", "flag=yes", "flag=", "severity=SEVERE",
                          "tags=", "tags=a,,b", "time=now", "word=c", "text="}) {
    const http::RequestHead head = head_of(raw);
    QueryReader query(head);
    static_cast<void>(query.page(100, 1'000, 10'000));
    static_cast<void>(query.boolean("flag", false));
    static_cast<void>(query.severities("severity"));
    static_cast<void>(query.list("tags"));
    static_cast<void>(query.time("time"));
    static_cast<void>(query.choice("word", {"a", "b"}));
    static_cast<void>(query.text("text"));
    EXPECT_EQ(code_of(query.finish()), "invalid_parameter") << raw;
  }
}

}  // namespace
}  // namespace betrace::api
