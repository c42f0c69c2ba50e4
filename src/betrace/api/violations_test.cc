// Goal: spans that come in as JSON are judged, and what they violate is found by every filter.

#include "betrace/api/test_api.h"

namespace betrace::api {
namespace {

constexpr const char* kTraceId = "4bf92f3577b34da6a3ce929d0e0e4736";

class ViolationsTest : public ApiTest {
 protected:
  // Two rules; three traces: slow in `checkout`, without audit in `orders`, and one that is fine.
  void produce() {
    const char* slow = R"({"id":"slow","name":"Slow","expression":"span.duration > 1s",)"
                       R"("severity":"HIGH","tags":["performance"]})";
    const char* audit =
        R"({"id":"audit","name":"audit","severity":"CRITICAL","expression":)"
        R"~("trace.has(span.name == \"read\") and not trace.has(span.name == \"log\")"})~";
    ASSERT_EQ(post("/v1/rules", slow).status, 201);
    ASSERT_EQ(post("/v1/rules", audit).status, 201);
    send({{{"trace_id", kTraceId},
           {"span_id", "00f067aa0ba902b7"},
           {"name", "api.request"},
           {"service", "checkout"},
           {"kind", "SERVER"},
           {"duration_ms", 2000},
           {"start_time", 1'699'000'000'000'000'000},
           {"status", "OK"},
           {"attributes", {{"http.route", "/pay"}}}}});
    decide_everything();
    send({{{"trace_id", "order-17"}, {"span_id", "s"}, {"name", "read"}, {"service", "orders"}}});
    send({{{"trace_id", "order-18"}, {"span_id", "s"}, {"name", "read"}},
          {{"trace_id", "order-18"}, {"span_id", "t"}, {"name", "log"}}});
    decide_everything();
  }

  void send(const Json& spans) {
    const Json body = {{"spans", spans}};
    const Answer answer = post("/v1/spans", body.dump());
    ASSERT_EQ(answer.status, 202) << answer.body;
    ASSERT_EQ(answer.at("/rejected"), 0) << answer.body;
  }

  // `audit slow 2`: rule ids in the order of the answer, and the total.
  std::string found(const std::string& query) {
    const Answer answer = get("/v1/violations" + query);
    EXPECT_EQ(answer.status, 200) << query << answer.body;
    EXPECT_EQ(answer.at("/total"), answer.at("/total_count"));
    std::string text;
    for (const Json& item : answer.at("/violations")) {
      text += item["rule_id"].get<std::string>() + " ";
    }
    return text + answer.at("/total").dump();
  }
};

TEST_F(ViolationsTest, ShowTheDocumentedMembers) {
  produce();
  const Answer answer = get("/v1/violations?rule_id=slow");
  ASSERT_EQ(answer.at("/total"), 1) << answer.body;
  EXPECT_EQ(answer.at("/limit"), 100);
  EXPECT_EQ(answer.at("/offset"), 0);
  EXPECT_TRUE(answer.at("/next_cursor").is_null());
  Json item = answer.at("/violations/0");
  EXPECT_EQ(item["id"].get<std::string>().substr(0, 5), "viol-");
  EXPECT_GT(item["sequence"], 0);
  EXPECT_TRUE(item["message"].is_string());
  for (const char* derived : {"id", "sequence", "message"}) item.erase(derived);
  EXPECT_EQ(item, parse_json(R"({"rule_id":"slow","rule_name":"Slow","rule_revision":1,
    "severity":"HIGH","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7",
    "service":"checkout","timestamp":1769853600,"created_at":"2026-01-31T10:00:00Z",
    "completeness":null,"early":true,"late":false,"close_reason":null,"spans_seen":1,
    "status":"confirmed","tags":["performance"],"key_id":null,"signature":null,"unsigned":true,
    "metadata":{"span_name":"api.request","duration_ms":2000,"service":"checkout"}})")
                      .value());
}

TEST_F(ViolationsTest, OneCarriesItsProof) {
  produce();
  const std::string id = get("/v1/violations?rule_id=slow").at("/violations/0/id");
  const Answer answer = get("/v1/violations/" + id);
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.at("/id"), id);
  EXPECT_TRUE(answer.json.contains("verified"));
  EXPECT_TRUE(answer.at("/verified").is_null());
  EXPECT_EQ(answer.at("/witness_count"), 1);
  const Json witness = answer.at("/witnesses/0");
  EXPECT_EQ(witness["span_id"], "00f067aa0ba902b7");
  EXPECT_EQ(witness["service"], "checkout");
  EXPECT_EQ(witness["kind"], "SERVER");
  EXPECT_EQ(witness["status"], "OK");
  EXPECT_EQ(witness["duration_ms"], 2000);
  EXPECT_EQ(witness["start_time"], 1'699'000'000'000'000'000);
  EXPECT_EQ(answer.at("/explanation/scope"), "span");
  EXPECT_EQ(answer.at("/explanation/clauses/0/value"), true);
}

TEST_F(ViolationsTest, AreFoundByEveryFilter) {
  produce();
  EXPECT_EQ(found(""), "audit slow 2");
  EXPECT_EQ(found("?rule_id=slow"), "slow 1");
  EXPECT_EQ(found("?rule_id=slow,audit"), "audit slow 2");
  EXPECT_EQ(found("?rule_id=other"), "0");
  EXPECT_EQ(found("?severity=critical"), "audit 1");
  EXPECT_EQ(found("?service=orders&service=none"), "audit 1");
  EXPECT_EQ(found(std::string("?trace_id=") + kTraceId), "slow 1");
  EXPECT_EQ(found("?trace_id=order-17"), "audit 1");
  EXPECT_EQ(found("?early=true"), "slow 1");
  EXPECT_EQ(found("?late=true"), "0");
  EXPECT_EQ(found("?completeness=complete"), "audit 1");
  EXPECT_EQ(found("?completeness=shed,orphans"), "0");
  EXPECT_EQ(found("?status=withdrawn"), "0");
  EXPECT_EQ(found("?status=all"), "audit slow 2");
  EXPECT_EQ(found("?start_time=2026-01-31T10:00:01Z"), "audit 1");
  EXPECT_EQ(found("?end_time=1769853601"), "slow 1");
  EXPECT_EQ(found("?end_time=1769853600"), "0");
}

TEST_F(ViolationsTest, PagesByOffsetAndCursor) {
  produce();
  EXPECT_EQ(found("?limit=1"), "audit 2");
  EXPECT_EQ(found("?limit=1&offset=1"), "slow 2");
  const std::string cursor = get("/v1/violations?limit=1").at("/next_cursor");
  EXPECT_EQ(found("?limit=1&cursor=" + cursor), "slow 2");
  EXPECT_EQ(get("/v1/violations?offset=0&cursor=" + cursor).code(), "invalid_parameter");
  EXPECT_EQ(get("/v1/violations?cursor=nonsense").code(), "invalid_cursor");
}

TEST_F(ViolationsTest, MistakesInParametersNeverGiveUnfilteredData) {
  EXPECT_EQ(get("/v1/violations?rule=slow").code(), "unknown_parameter");
  for (const char* query :
       {"severity=WORST", "completeness=whole", "late=maybe", "status=open", "limit=0",
        "offset=10001", "start_time=1769853600000", "trace_id=", "end_time=soon", "rule_id="}) {
    EXPECT_EQ(get(std::string("/v1/violations?") + query).code(), "invalid_parameter") << query;
  }
}

TEST_F(ViolationsTest, AnUnknownOneIs404) {
  for (const char* id : {"viol-00000000000000000000000000000000", "viol-1", "x", "..."}) {
    const Answer answer = get(std::string("/v1/violations/") + id);
    EXPECT_EQ(answer.status, 404) << id;
    EXPECT_EQ(answer.code(), "violation_not_found") << id;
  }
}

TEST_F(ViolationsTest, OfADeletedRuleStayAndOutliveARestart) {
  produce();
  ASSERT_EQ(call("DELETE", "/v1/rules/slow").status, 200);
  EXPECT_EQ(found("?rule_id=slow"), "slow 1");
  reopen();
  EXPECT_EQ(found(""), "audit slow 2");
}

TEST_F(ViolationsTest, SendingAgainGivesTheSameViolation) {
  produce();
  const Json before = get("/v1/violations?rule_id=audit").at("/violations/0/id");
  pass(std::chrono::hours(1));
  send({{{"trace_id", "order-17"}, {"span_id", "s"}, {"name", "read"}, {"service", "orders"}}});
  decide_everything();
  EXPECT_EQ(get("/v1/violations?rule_id=audit").at("/total"), 1);
  EXPECT_EQ(get("/v1/violations?rule_id=audit").at("/violations/0/id"), before);
}

TEST_F(ViolationsTest, ResendingNeedsASinkAndARange) {
  EXPECT_EQ(post("/v1/violations/resend", "{}").status, 400);
  for (const char* body : {R"({"from_seq":"0"})", R"({"from_seq":"x"})", R"({"from_seq":-1})",
                           R"({"from_seq":"5","to_seq":"4"})", R"({"from_seq":true})"}) {
    EXPECT_EQ(post("/v1/violations/resend", body).at("/error/code"), "invalid_field") << body;
  }
  const Answer answer = post("/v1/violations/resend", R"({"from_seq":"1","to_seq":2})");
  EXPECT_EQ(answer.status, 404);
  EXPECT_NE(answer.body.find("there is no sink"), std::string::npos);
}

}  // namespace
}  // namespace betrace::api
