// Goal: whatever is not exactly as it must be is said, and nothing else is.
// Method: a right account with one thing changed at a time.

#include "betrace/bench/oracle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "betrace/bench/repeat.h"

namespace betrace::bench {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr LoadTotals kSent = {1'100, 1'000, 100, 11, 10};

SpanAccount right_account() {
  SpanAccount account;
  account.received = account.ingested = 1'000;
  return account;
}

const ViolationCounts kExpected = {{{"trace-a", "rule-1"}, 1}, {{"trace-b", "rule-2"}, 1}};
const std::vector<SeenViolation> kFound = {{"trace-b", "rule-2"}, {"trace-a", "rule-1"}};

TEST(MismatchesTest, ARightAccountHasNone) {
  EXPECT_THAT(mismatches(kSent, right_account(), kExpected, kFound), IsEmpty());
}

TEST(MismatchesTest, EveryCountThatIsWrongIsNamed) {
  const auto problems_of = [](auto change) {
    SpanAccount account = right_account();
    change(account);
    return mismatches(kSent, account, kExpected, kFound);
  };
  EXPECT_THAT(problems_of([](SpanAccount& account) { --account.ingested; }),
              ElementsAre("received (1000) is not ingested + rejected + dropped (999)"));
  EXPECT_THAT(problems_of([](SpanAccount& account) { --account.received, --account.ingested; }),
              ElementsAre("received by the server (999) is not accepted (1000)"));
  EXPECT_THAT(problems_of([](SpanAccount& account) { --account.ingested, ++account.dropped; }),
              ElementsAre("dropped (1) is not none (0)"));
  EXPECT_THAT(problems_of([](SpanAccount& account) { --account.ingested, ++account.rejected; }),
              ElementsAre("rejected (1) is not none (0)"));
  EXPECT_THAT(problems_of([](SpanAccount& account) { account.late = 3; }),
              ElementsAre("late (3) is not none (0)"));
  EXPECT_THAT(problems_of([](SpanAccount& account) { account.suppressed = 1; }),
              ElementsAre("suppressed (1) is not those of a storm (0)"));
  EXPECT_THAT(problems_of([](SpanAccount& account) { account.evaluation_errors = 1; }),
              ElementsAre("evaluation errors (1) is not none (0)"));
  EXPECT_THAT(problems_of([](SpanAccount& account) { account.blind_ratio = 0.25; }),
              ElementsAre("the blind ratio is 0.25"));
}

TEST(MismatchesTest, SentIsAcceptedAndRefused) {
  LoadTotals sent = kSent;
  ++sent.sent;
  EXPECT_THAT(mismatches(sent, right_account(), kExpected, kFound),
              ElementsAre("sent (1101) is not accepted + refused (1100)"));
}

TEST(MismatchesTest, MissingUnexpectedAndRepeatedViolationsAreTold) {
  EXPECT_THAT(mismatches(kSent, right_account(), kExpected, {kFound[0]}),
              ElementsAre("1 violations are missing, 0 are not expected",
                          "rule rule-1 on trace trace-a: expected 1, found 0"));
  EXPECT_THAT(mismatches(kSent, right_account(), kExpected, {kFound[0], kFound[1], kFound[1]}),
              ElementsAre("0 violations are missing, 1 are not expected",
                          "rule rule-1 on trace trace-a: expected 1, found 2"));
  EXPECT_THAT(
      mismatches(kSent, right_account(), kExpected, {kFound[0], kFound[1], {"trace-b", "rule-1"}}),
      ElementsAre("0 violations are missing, 1 are not expected",
                  "rule rule-1 on trace trace-b: expected 0, found 1"));
}

TEST(MismatchesTest, NamesAFewOfManyAndCountsAll) {
  ViolationCounts many;
  for (int i = 0; i < 100; ++i) many[{"trace-" + std::to_string(i), "rule"}] = 1;
  const auto problems = mismatches(kSent, right_account(), many, {});
  EXPECT_THAT(problems, SizeIs(9));
  EXPECT_THAT(problems.front(), HasSubstr("100 violations are missing"));
}

TEST(TakeStormTest, EverySpanIsRecordedOrSuppressedAndNothingElseIsTouched) {
  SpanAccount account = right_account();
  account.storm_suppressed = 7;
  const SeenViolation storm{"trace-a", std::string(kStormRule)};
  std::vector<SeenViolation> found = {storm, kFound[0], storm, storm};
  EXPECT_THAT(take_storm(10, account, &found), IsEmpty());
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found.front().rule_id, kFound[0].rule_id);
  found = {storm, storm};
  EXPECT_THAT(take_storm(10, account, &found),
              ElementsAre("2 violations of the storm were recorded and 7 suppressed, of 10 spans"));
  found.clear();
  EXPECT_THAT(take_storm(7, account, &found), SizeIs(1)) << "none was recorded";
}

MetricsReading answered(int http, int grpc, int received) {
  return MetricsReading::parse(
      "http_requests_total{method=\"POST\",route=\"/v1/traces\",status=\"200\"} " +
      std::to_string(http) +
      "\nhttp_requests_total{method=\"POST\",route=\"/v1/traces\",status=\"429\"} 1000\n"
      "http_requests_total{method=\"GET\",route=\"/metrics\",status=\"200\"} 5000\n"
      "betrace_grpc_requests_total{method=\"Export\",code=\"OK\"} " +
      std::to_string(grpc) + "\nbetrace_spans_received_total{protocol=\"grpc\"} " +
      std::to_string(received) + "\n");
}

TEST(UnansweredTest, AServerThatDiscardsAnswersEveryRequestAndKeepsNoSpan) {
  EXPECT_THAT(unanswered(kSent, answered(1, 2, 3), answered(5, 8, 3)), IsEmpty());
  EXPECT_THAT(unanswered(kSent, answered(1, 2, 3), answered(5, 7, 3)),
              ElementsAre("requests answered by the server (9) is not accepted (10)"));
  EXPECT_THAT(unanswered(kSent, answered(1, 2, 3), answered(11, 2, 4)),
              ElementsAre("the server kept 1 spans: it does not discard"));
}

TEST(QuantileTest, IsAValueThatIsThere) {
  const double values[] = {1, 2, 3, 4};
  EXPECT_EQ(quantile(values, 0.5), 2);
  EXPECT_EQ(quantile(values, 0.99), 4);
  EXPECT_EQ(quantile({}, 0.5), 0);
}

TEST(MetricsReadingTest, SumsSeriesAndTellsLabelsApart) {
  const MetricsReading reading = MetricsReading::parse(
      "# HELP spans_total text\n# TYPE spans_total counter\n"
      "spans_total{protocol=\"grpc\"} 3\nspans_total{protocol=\"json\"} 4.5\n"
      "spans_total_more 100\nopen 7\nbroken\nalso broken x\n"
      "violations{rule_id=\"a\",rule_name=\"x y\"} 2\nviolations{rule_id=\"b\",rule_name=\"\"} "
      "1e3\n");
  EXPECT_EQ(reading.sum("spans_total"), 7.5);
  EXPECT_EQ(reading.sum("open"), 7);
  EXPECT_EQ(reading.sum("nothing"), 0);
  EXPECT_EQ(reading.sum("violations", "rule_id=\"b\""), 1'000);
  EXPECT_EQ(reading.sum("violations", "rule_id=\"c\""), 0);
}

TEST(TargetTest, NamesSchemeHostAndPort) {
  const auto target = parse_target("http://[::1]:4318/");
  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(target->host, "[::1]");
  EXPECT_EQ(text_of(*parse_target("grpc://a.example:4317")), "grpc://a.example:4317");
  for (const char* wrong : {"", "127.0.0.1:4318", "http://host", "http://:80", "http://h:0",
                            "http://h:65536", "http://h:80x"}) {
    EXPECT_FALSE(parse_target(wrong).has_value()) << wrong;
  }
}

TEST(TransportTest, AnUnknownSchemeIsUnsupported) {
  TransportOptions options;
  options.target = {"ftp", "127.0.0.1", 21};
  const auto opened = open_transport(options);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::Unsupported);
}

}  // namespace
}  // namespace betrace::bench
