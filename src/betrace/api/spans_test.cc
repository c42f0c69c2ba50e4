// Goal: JSON spans are taken one by one, and a wrong one costs no other.

#include "betrace/api/test_api.h"

namespace betrace::api {
namespace {

class SpansTest : public ApiTest {
 protected:
  double counted(telemetry::MetricId id, telemetry::LabelValues labels) {
    return metrics_.value(id, labels);
  }
};

using telemetry::MetricId;

TEST_F(SpansTest, TakesValidSpansAndTellsOfTheOthers) {
  const Answer answer =
      post("/v1/spans", R"({"spans":[{"trace_id":"t","span_id":"a","name":"x","colour":1},)"
                        R"({"trace_id":"t","name":"y"},{"traceId":"t","spanId":"b",)"
                        R"("operation_name":"z"}],"source":"me"})");
  EXPECT_EQ(answer.status, 202) << answer.body;
  EXPECT_EQ(answer.at("/accepted"), 2);
  EXPECT_EQ(answer.at("/rejected"), 1);
  EXPECT_EQ(answer.at("/errors/0/index"), 1);
  EXPECT_EQ(answer.at("/errors/0/code"), "invalid_field");
  EXPECT_NE(answer.at("/errors/0/message").get<std::string>().find("span_id"), std::string::npos);
  EXPECT_EQ(answer.header("X-Betrace-Ignored"), "source, colour");
  ASSERT_TRUE(engine_->wait_until_idle(std::chrono::seconds(60)));
  EXPECT_EQ(engine_->statistics().ingested(), 2u);
  EXPECT_EQ(counted(MetricId::SpansReceived, {"json"}), 3);
  EXPECT_EQ(counted(MetricId::SpansRejected, {"invalid_field"}) +
                counted(MetricId::SpansRejected, {"invalid_id"}),
            1);
}

TEST_F(SpansTest, NoSpanIsASuccessAndNoValidSpanIsNot) {
  EXPECT_EQ(post("/v1/spans", R"({"spans":[]})").body,
            R"({"accepted":0,"rejected":0,"errors":[]})");
  const Answer answer = post("/v1/spans", R"({"spans":[{"name":"x"}]})");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.code(), "no_valid_span");
  EXPECT_EQ(answer.at("/error/details/rejected"), 1);
}

TEST_F(SpansTest, ASpanWithInvalidTextIsRejectedAlone) {
  const Answer answer = post("/v1/spans",
                             "{\"spans\":[{\"trace_id\":\"t\",\"span_id\":\"a\",\"name\":\"x\"},"
                             "{\"trace_id\":\"t\",\"span_id\":\"b\",\"name\":\"\xFF\"},"
                             "{\"trace_id\":\"t\",\"span_id\":\"c\",\"name\":\"z\"}]}");
  EXPECT_EQ(answer.status, 202) << answer.body;
  EXPECT_EQ(answer.at("/accepted"), 2);
  EXPECT_EQ(answer.at("/errors/0/index"), 1);
  EXPECT_EQ(counted(MetricId::SpansRejected, {"invalid_text"}), 1);
}

TEST_F(SpansTest, ListsAtMostAHundredErrors) {
  Json spans = Json::array({{{"trace_id", "t"}, {"span_id", "a"}, {"name", "x"}}});
  for (int i = 0; i < 150; ++i) spans.push_back({{"name", "x"}});
  const Json body = {{"spans", spans}};
  const Answer answer = post("/v1/spans", body.dump());
  EXPECT_EQ(answer.at("/rejected"), 150);
  EXPECT_EQ(answer.at("/errors").size(), 100u);
}

TEST_F(SpansTest, MoreSpansThanTheLimitAreRefusedAsAWhole) {
  Json spans = Json::array();
  for (int i = 0; i < 20'001; ++i) spans.push_back(Json::object());
  const Json body = {{"spans", spans}};
  const Answer answer = post("/v1/spans", body.dump());
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.code(), "payload_too_large");
  EXPECT_EQ(counted(MetricId::Refused, {"spans_per_request", "json"}), 1);
  EXPECT_EQ(counted(MetricId::SpansReceived, {"json"}), 0);
}

TEST_F(SpansTest, RefusesBodiesThatHoldNoSpans) {
  EXPECT_EQ(post("/v1/spans", "{}").code(), "missing_field");
  EXPECT_EQ(post("/v1/spans", R"({"spans":{}})").code(), "invalid_field");
  EXPECT_EQ(post("/v1/spans", "[]").code(), "invalid_field");
  EXPECT_EQ(post("/v1/spans", "{\"spans\":[").code(), "invalid_json");
  EXPECT_EQ(post("/v1/spans?x=1", R"({"spans":[]})").code(), "unknown_parameter");
  EXPECT_EQ(counted(MetricId::Refused, {"malformed", "json"}), 4);
}

TEST_F(SpansTest, AnEngineThatStopsAsksToComeBackLater) {
  ASSERT_TRUE(engine_->drain(std::chrono::seconds(60)));
  readiness_.set_phase(telemetry::Phase::Stopping);
  const Answer answer =
      post("/v1/spans", R"({"spans":[{"trace_id":"t","span_id":"a","name":"x"}]})");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.code(), "shutting_down");
  EXPECT_NE(answer.header("Retry-After"), "");
  EXPECT_EQ(counted(MetricId::Refused, {"stopping", "json"}), 1);
}

}  // namespace
}  // namespace betrace::api
