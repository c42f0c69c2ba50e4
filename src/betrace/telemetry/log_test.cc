// Goal: a log line is always one whole line that a machine can read, whatever is put into it.

#include "betrace/telemetry/log.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "betrace/base/json.h"

namespace betrace::telemetry {
namespace {

using std::chrono::seconds;

// A logger with a clock of its own whose lines end up in `text`.
class LogTest : public ::testing::Test {
 protected:
  Logger logger(LogFormat format, LogLevel level = LogLevel::Info) {
    return Logger(
        {level, format, [this](std::string_view line) { text += line; }, [this] { return now; }});
  }

  UnixNanos now = 1'769'853'600'123'000'000;
  std::string text;
};

TEST_F(LogTest, JsonLinesHoldTimeLevelMessageAndFields) {
  logger(LogFormat::Json)
      .info("listening", {{"port", 12011}, {"bind", "127.0.0.1"}, {"tls", false}, {"share", 0.5}});
  EXPECT_EQ(text,
            "{\"time\":\"2026-01-31T10:00:00.123Z\",\"level\":\"info\",\"message\":\"listening\","
            "\"port\":12011,\"bind\":\"127.0.0.1\",\"tls\":false,\"share\":0.5}\n");
}

TEST_F(LogTest, TextLinesQuoteWhatIsNotAWord) {
  logger(LogFormat::Text).warn("slow rule", {{"rule_id", "a"}, {"text", "x = \"1\"\n"}, {"e", ""}});
  EXPECT_EQ(text,
            "2026-01-31T10:00:00.123Z WARN  slow rule rule_id=a text=\"x = \\\"1\\\"\\x0a\" "
            "e=\"\"\n");
}

TEST_F(LogTest, JsonStaysOneLineForAnyBytes) {
  const std::string nasty = "a\"b\\c\nd\x01\xff" + std::string(1, '\0') + "e";
  logger(LogFormat::Json).error(nasty, {{"k", nasty}});
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  const auto line = parse_json(text);
  ASSERT_TRUE(line.has_value()) << line.error().message;
  EXPECT_EQ((*line)["message"].get<std::string>().substr(0, 7), "a\"b\\c\nd");
}

TEST_F(LogTest, TextStaysOneLineForAnyBytes) {
  logger(LogFormat::Text).error("a\nb", {{"k", "c\r\n\x1b[31m"}});
  EXPECT_EQ(text.find_first_of("\n\r\x1b"), text.size() - 1);
}

TEST_F(LogTest, LongTextsAreCut) {
  logger(LogFormat::Json).info("m", {{"k", std::string(1'000'000, 'x')}});
  EXPECT_LT(text.size(), Logger::kTextBytesMax + 200);
  EXPECT_TRUE(parse_json(text).has_value());
}

TEST_F(LogTest, LevelsBelowTheChosenOneAreSilent) {
  Logger quiet = logger(LogFormat::Text, LogLevel::Warn);
  quiet.debug("a");
  quiet.info("b");
  EXPECT_EQ(text, "");
  quiet.warn("c");
  EXPECT_NE(text, "");
}

TEST_F(LogTest, AFloodIsCutAndCounted) {
  Logger flooded = logger(LogFormat::Text);
  for (std::uint64_t i = 0; i < Logger::kLinesPerSecondMax + 5; ++i) flooded.info("again");
  const std::string first_second = std::exchange(text, "");
  EXPECT_EQ(std::count(first_second.begin(), first_second.end(), '\n'),
            static_cast<std::ptrdiff_t>(Logger::kLinesPerSecondMax));
  now += 1'000'000'000;
  flooded.info("next");
  EXPECT_NE(text.find("too many log lines suppressed=5\n"), std::string::npos) << text;
  EXPECT_NE(text.find("next\n"), std::string::npos);
}

TEST_F(LogTest, NumbersKeepTheirFullRange) {
  logger(LogFormat::Json)
      .info("m", {{"most", std::numeric_limits<std::uint64_t>::max()},
                  {"least", std::numeric_limits<std::int64_t>::min()}});
  EXPECT_NE(text.find("\"most\":18446744073709551615,\"least\":-9223372036854775808"),
            std::string::npos)
      << text;
}

TEST(ParseLogLevelTest, TakesAnyCaseAndTheLongNameOfWarn) {
  EXPECT_EQ(parse_log_level("WARNING"), LogLevel::Warn);
  EXPECT_EQ(parse_log_level("Debug"), LogLevel::Debug);
  EXPECT_EQ(parse_log_level("trace"), std::nullopt);
  EXPECT_EQ(parse_log_format("TEXT"), LogFormat::Text);
  EXPECT_EQ(parse_log_format("xml"), std::nullopt);
}

TEST(LogLimitTest, AllowsAKeyAgainAtTheEndOfTheInterval) {
  LogLimit limit(seconds(60));
  const MonotonicTime start{};
  EXPECT_TRUE(limit.allow("a", start));
  EXPECT_FALSE(limit.allow("a", start + seconds(60) - std::chrono::nanoseconds(1)));
  EXPECT_TRUE(limit.allow("b", start));
  EXPECT_TRUE(limit.allow("a", start + seconds(60)));
}

TEST(LogLimitTest, HoldsABoundedNumberOfKeys) {
  LogLimit limit(seconds(60));
  const MonotonicTime start{};
  for (std::size_t i = 0; i < LogLimit::kKeysMax; ++i) {
    EXPECT_TRUE(limit.allow(std::to_string(i), start));
  }
  EXPECT_FALSE(limit.allow("one more", start));
  EXPECT_TRUE(limit.allow("one more", start + seconds(60)));
}

}  // namespace
}  // namespace betrace::telemetry
