// Goal: a rule can be checked and tried on given spans, with nothing left behind.

#include "betrace/api/test_api.h"

namespace betrace::api {
namespace {

class RuleTrialTest : public ApiTest {
 protected:
  Answer try_on(const Json& rule, const Json& spans) {
    Json body = rule;
    body["spans"] = spans;
    return post("/v1/rules/test", body.dump());
  }
};

TEST_F(RuleTrialTest, ValidatesWhatItIsGiven) {
  const Answer answer = post("/v1/rules/validate", R"({"expression":"span.duration > 1000"})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.at("/valid"), true);
  EXPECT_EQ(answer.at("/scope"), "span");
  EXPECT_EQ(answer.at("/monotone"), true);
  EXPECT_EQ(answer.at("/normalized"), "span.duration > 1000");
  EXPECT_EQ(answer.at("/fields"), Json::array({"span.duration"}));
  EXPECT_TRUE(answer.at("/estimated_cost").is_number_unsigned());
  EXPECT_EQ(answer.at("/warnings/0/code"), "W_BARE_DURATION");
  EXPECT_EQ(answer.at("/warnings/0/offset"), 16);
  EXPECT_EQ(answer.at("/warnings/0/length"), 4);
  EXPECT_EQ(answer.at("/warnings/0/column"), 17);
}

TEST_F(RuleTrialTest, AnInvalidExpressionIsAnAnswerAndNoError) {
  const Answer answer = post("/v1/rules/validate", R"({"expression":"span.duration >"})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.at("/valid"), false);
  EXPECT_EQ(answer.at("/error").get<std::string>().substr(0, 16), "line 1, column 1");
  EXPECT_EQ(answer.at("/errors/0/code"), "E_EXPECTED");
  EXPECT_EQ(answer.at("/errors/0/line"), 1);
  EXPECT_EQ(answer.at("/warnings"), Json::array());
  EXPECT_EQ(post("/v1/rules/validate", R"({"expression":""})").at("/errors/0/code"), "E_EMPTY");
  const std::string long_text(65'537, 'a');
  const Json body = {{"expression", long_text}};
  EXPECT_EQ(post("/v1/rules/validate", body.dump()).at("/errors/0/code"), "E_LIMIT");
  EXPECT_EQ(post("/v1/rules/validate", "{}").code(), "missing_field");
  EXPECT_EQ(post("/v1/rules/validate", R"({"expression":1})").code(), "invalid_field");
}

TEST_F(RuleTrialTest, ARegularExpressionThatHurtsOthersIsAccepted) {
  const Json body = {{"expression", R"(span.name matches "(a+)+$")"}};
  EXPECT_EQ(post("/v1/rules/validate", body.dump()).at("/valid"), true);
  const Json rule = {{"name", "redos"}, {"expression", body["expression"]}};
  EXPECT_EQ(post("/v1/rules", rule.dump()).status, 201);
}

TEST_F(RuleTrialTest, TellsWhichSpanViolates) {
  const Answer answer =
      try_on({{"expression", "span.duration > 1s"}},
             {{{"name", "fast"}, {"duration", 5}},
              {{"name", "slow"}, {"span_id", "00f067aa0ba902b7"}, {"duration", 2'000'000'000}}});
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.at("/matches"), true);
  EXPECT_EQ(answer.at("/scope"), "span");
  EXPECT_TRUE(answer.at("/evaluation_error").is_null());
  EXPECT_TRUE(answer.at("/evaluation_time_ms").is_number());
  ASSERT_EQ(answer.at("/violations").size(), 1u);
  EXPECT_EQ(answer.at("/violations/0/span_id"), "00f067aa0ba902b7");
  EXPECT_EQ(answer.at("/violations/0/witnesses"), Json::array({"00f067aa0ba902b7"}));
  EXPECT_EQ(answer.at("/violations/0/witness_count"), 1);
  EXPECT_TRUE(answer.at("/violations/0/explanation/clauses").is_array());
}

TEST_F(RuleTrialTest, SpansWithoutTraceIdShareOneTrace) {
  const Json absence = {
      {"expression", R"(trace.has(span.name == "read") and not trace.has(span.name == "audit"))"}};
  const Json read = {{"name", "read"}};
  const Json audit = {{"name", "audit"}};
  EXPECT_EQ(try_on(absence, Json::array({read, audit})).at("/matches"), false);
  const Answer alone = try_on(absence, Json::array({read}));
  EXPECT_EQ(alone.at("/matches"), true) << alone.body;
  EXPECT_EQ(alone.at("/scope"), "trace");
  EXPECT_EQ(try_on(absence, Json::array()).at("/matches"), false);
}

TEST_F(RuleTrialTest, EachTraceIsJudgedAlone) {
  const Answer answer = try_on({{"expression", R"(not trace.has(span.name == "audit"))"}},
                               {{{"trace_id", "one"}, {"name", "read"}},
                                {{"trace_id", "two"}, {"name", "audit"}},
                                {{"trace_id", "three"}, {"name", "read"}}});
  EXPECT_EQ(answer.at("/violations").size(), 2u) << answer.body;
}

TEST_F(RuleTrialTest, ADisabledStoredRuleIsTriedAsIfItWereOn) {
  const char* rule = R"~({"id":"a","name":"a","expression":"trace.has(span.name == \"x\")",)~"
                     R"("enabled":false,"require_complete":true})";
  ASSERT_EQ(post("/v1/rules", rule).status, 201);
  const Json orphan = Json::array({{{"name", "x"}, {"parent_span_id", "00f067aa0ba902b7"}}});
  EXPECT_EQ(try_on({{"rule_id", "a"}}, orphan).at("/matches"), true);
  EXPECT_EQ(try_on({{"rule", parse_json(rule).value()}}, orphan).at("/matches"), true);
  EXPECT_EQ(try_on({{"rule_id", "none"}}, orphan).code(), "rule_not_found");
}

TEST_F(RuleTrialTest, NothingIsStoredOrCounted) {
  EXPECT_EQ(try_on({{"expression", "true"}}, Json::array({{{"name", "x"}}})).at("/matches"), true);
  decide_everything();
  EXPECT_EQ(get("/v1/violations").at("/total"), 0);
  EXPECT_EQ(engine_->statistics().ingested(), 0u);
  EXPECT_EQ(get("/v1/rules").at("/total_count"), 0);
}

TEST_F(RuleTrialTest, AMessageTemplateIsFilledIn) {
  const Json rule = {
      {"name", "r"}, {"expression", "span.duration > 1s"}, {"message", "{span.name} took long"}};
  const Json span = {{"name", "pay"}, {"duration", 2'000'000'000}};
  const Json body = {{"rule", rule}, {"span", span}};
  const Answer answer = post("/v1/rules/test", body.dump());
  EXPECT_EQ(answer.at("/violations/0/message"), "pay took long") << answer.body;
}

TEST_F(RuleTrialTest, TenThousandSpansPassAndOneMoreDoesNot) {
  Json spans = Json::array();
  for (int i = 0; i < 10'000; ++i) spans.push_back({{"name", "x"}, {"duration", 1}});
  const Json rule = {{"expression", "count(x) > 9999"}};
  const Answer all = try_on(rule, spans);
  EXPECT_EQ(all.at("/matches"), true) << all.body.substr(0, 200);
  spans.push_back({{"name", "x"}});
  const Answer refused = try_on(rule, spans);
  EXPECT_EQ(refused.status, 413);
  EXPECT_EQ(refused.code(), "payload_too_large");
}

// Each row is one body that cannot be tried.
TEST_F(RuleTrialTest, RefusesWhatIsAmbiguousOrWrong) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {R"({"spans":[]})", "missing_field"},
      {R"({"expression":"true"})", "missing_field"},
      {R"({"expression":"true","rule_id":"a","spans":[]})", "invalid_field"},
      {R"({"expression":"true","span":{},"spans":[]})", "invalid_field"},
      {R"({"expression":1,"spans":[]})", "invalid_field"},
      {R"({"rule_id":1,"spans":[]})", "invalid_field"},
      {R"({"rule":1,"spans":[]})", "invalid_field"},
      {R"({"rule":{"name":"a"},"spans":[]})", "missing_field"},
      {R"({"expression":"span.duration >","spans":[]})", "invalid_expression"},
      {R"({"expression":"true","spans":{}})", "invalid_field"},
      {R"({"expression":"true","spans":[1]})", "invalid_field"},
      {R"({"expression":"true","span":{"name":1}})", "invalid_field"},
      {"[]", "invalid_field"},
      {"{", "invalid_json"},
  };
  for (const auto& row : cases) {
    const Answer answer = post("/v1/rules/test", row.first);
    EXPECT_EQ(answer.status, 400) << row.first << answer.body;
    EXPECT_EQ(answer.code(), row.second) << row.first;
  }
}

}  // namespace
}  // namespace betrace::api
