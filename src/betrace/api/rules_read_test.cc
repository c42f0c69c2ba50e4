// Goal: rules are listed, filtered, paged and cached as docs/guide/api.md says.

#include "betrace/api/test_api.h"

namespace betrace::api {
namespace {

class RulesReadTest : public ApiTest {
 protected:
  void add_four() {
    const char* rules[] = {
        R"({"id":"b","name":"b","expression":"true","severity":"HIGH","tags":["pii"]})",
        R"({"id":"a","name":"a","expression":"true","severity":"LOW","tags":["pii","x"]})",
        R"({"id":"C","name":"C","expression":"true","severity":"HIGH","enabled":false})",
        R"({"id":"d","name":"d","expression":"true","tags":["soc2:CC6.1"]})"};
    for (const char* rule : rules) ASSERT_EQ(post("/v1/rules", rule).status, 201);
  }

  std::string ids(const std::string& target) {
    const Answer answer = get(target);
    EXPECT_EQ(answer.status, 200) << target << answer.body;
    std::string text;
    for (const Json& rule : answer.json["rules"]) text += rule["id"].get<std::string>() + " ";
    return text + answer.json["total_count"].dump();
  }
};

TEST_F(RulesReadTest, AnEmptyStoreIsAnEmptyList) {
  EXPECT_EQ(get("/v1/rules").body, R"({"rules":[],"total_count":0,"limit":0,"offset":0})");
}

TEST_F(RulesReadTest, ShowsTheDocumentedRuleObject) {
  const char* body =
      R"({"id":"pii-without-audit","name":"pii-without-audit","description":"PII read",)"
      R"~("expression":"trace.has(span.attributes[\"pii.accessed\"] == true)","enabled":true,)~"
      R"("severity":"CRITICAL","tags":["soc2:CC6.1","pii"],"message":"","require_complete":false})";
  ASSERT_EQ(post("/v1/rules", body).status, 201);
  const std::string shown = get("/v1/rules/pii-without-audit?statistics=false").body;
  const std::string text(body);
  EXPECT_EQ(shown, text.substr(0, text.size() - 1) +
                       R"(,"state":"active","revision":1,"created_at":"2026-01-31T10:00:00Z",)"
                       R"("updated_at":"2026-01-31T10:00:00Z"})");
  EXPECT_EQ(get("/v1/rules").at("/rules/0").dump(), parse_json(shown)->dump());
}

TEST_F(RulesReadTest, FiltersAreAndedAndTheirValuesOred) {
  add_four();
  EXPECT_EQ(ids("/v1/rules"), "C a b d 4");
  EXPECT_EQ(ids("/v1/rules?enabled_only=true"), "a b d 3");
  EXPECT_EQ(ids("/v1/rules?enabled_only=0"), "C a b d 4");
  EXPECT_EQ(ids("/v1/rules?severity=HIGH"), "C b 2");
  EXPECT_EQ(ids("/v1/rules?severity=high,LOW&enabled_only=1"), "a b 2");
  EXPECT_EQ(ids("/v1/rules?tags=pii"), "a b 2");
  EXPECT_EQ(ids("/v1/rules?tags=x&tags=soc2:CC6.1"), "a d 2");
  EXPECT_EQ(ids("/v1/rules?tags=none"), "0");
}

TEST_F(RulesReadTest, PagesCountEverything) {
  add_four();
  EXPECT_EQ(ids("/v1/rules?limit=2"), "C a 4");
  EXPECT_EQ(ids("/v1/rules?limit=2&offset=3"), "d 4");
  EXPECT_EQ(ids("/v1/rules?offset=1"), "a b d 4");
  EXPECT_EQ(ids("/v1/rules?limit=1&offset=9&severity=HIGH"), "2");
  EXPECT_EQ(get("/v1/rules?limit=2&offset=1").at("/limit"), 2);
}

TEST_F(RulesReadTest, MistakesInParametersNeverGiveUnfilteredData) {
  add_four();
  EXPECT_EQ(get("/v1/rules?enabled=true").code(), "unknown_parameter");
  for (const char* query : {"enabled_only=yes", "severity=WORST", "limit=0", "limit=1001",
                            "offset=-1", "tags=", "limit=1&limit=2"}) {
    const Answer answer = get(std::string("/v1/rules?") + query);
    EXPECT_EQ(answer.status, 400) << query;
    EXPECT_EQ(answer.code(), "invalid_parameter") << query;
  }
  EXPECT_EQ(get("/v1/rules/a?stats=false").code(), "unknown_parameter");
}

TEST_F(RulesReadTest, TheListIsCachedUntilSomethingChanges) {
  add_four();
  const Answer first = get("/v1/rules");
  const std::string etag = first.header("ETag");
  EXPECT_EQ(etag.substr(0, 9), "W/\"rules-");
  EXPECT_EQ(first.header("Cache-Control"), "no-cache");
  const Answer same = get("/v1/rules", {{"If-None-Match", etag}});
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.body, "");
  EXPECT_EQ(same.header("ETag"), etag);
  ASSERT_EQ(post("/v1/rules/a/disable", "").status, 200);
  EXPECT_EQ(get("/v1/rules", {{"If-None-Match", etag}}).status, 200);
}

TEST_F(RulesReadTest, OneRuleIsCachedOnlyWithoutStatistics) {
  add_rule("a");
  const std::string etag = get("/v1/rules/a").header("ETag");
  EXPECT_EQ(etag.substr(0, 3), "\"1-");
  EXPECT_EQ(etag.size(), 20u);
  const std::string several = "\"x\", W/" + etag;
  EXPECT_EQ(get("/v1/rules/a?statistics=false", {{"If-None-Match", etag}}).status, 304);
  EXPECT_EQ(get("/v1/rules/a?statistics=false", {{"If-None-Match", several}}).status, 304);
  EXPECT_EQ(get("/v1/rules/a?statistics=false", {{"If-None-Match", "\"x\""}}).status, 200);
  const Answer with = get("/v1/rules/a", {{"If-None-Match", etag}});
  EXPECT_EQ(with.status, 200);
  EXPECT_EQ(with.header("Cache-Control"), "no-store");
}

TEST_F(RulesReadTest, StatisticsCountWhatTheEngineDid) {
  add_rule("slow");
  EXPECT_EQ(get("/v1/rules/slow").at("/statistics"),
            parse_json(R"({"total_evaluations":0,"total_violations":0,"total_errors":0,)"
                       R"("avg_evaluation_time_ms":0.0,"cpu_seconds":0.0,)"
                       R"("last_violation_at":null,"since":"2026-01-31T10:00:00Z"})")
                .value());
  const char* spans = R"({"spans":[)"
                      R"({"trace_id":"t","span_id":"1","name":"a","duration_ms":2000},)"
                      R"({"trace_id":"t","span_id":"2","name":"b","duration_ms":1}]})";
  ASSERT_EQ(post("/v1/spans", spans).status, 202);
  decide_everything();
  const Answer answer = get("/v1/rules/slow");
  EXPECT_EQ(answer.at("/statistics/total_evaluations"), 2);
  EXPECT_EQ(answer.at("/statistics/total_violations"), 1);
  EXPECT_EQ(answer.at("/statistics/last_violation_at"), "2026-01-31T10:00:00Z");
}

TEST_F(RulesReadTest, AnAbsentRuleIs404) {
  const Answer answer = get("/v1/rules/none");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.code(), "rule_not_found");
}

TEST_F(RulesReadTest, AStoredRuleThatDoesNotCompileSaysWhy) {
  directory_.write("bad.json", R"({"id":"bad","name":"bad","expression":"span.duration >"})");
  reopen();
  const Answer answer = get("/v1/rules/bad?statistics=false");
  EXPECT_EQ(answer.at("/state"), "invalid");
  EXPECT_EQ(answer.at("/enabled"), false);
  EXPECT_NE(answer.at("/problem").get<std::string>().find("line 1"), std::string::npos);
}

TEST_F(RulesReadTest, HistoryTellsEveryChangeAndOutlivesTheRule) {
  add_rule("a");
  pass(std::chrono::seconds(1));
  ASSERT_EQ(call("PATCH", "/v1/rules/a", R"({"severity":"HIGH"})").status, 200);
  ASSERT_EQ(post("/v1/rules/a/disable", "").status, 200);
  ASSERT_EQ(call("DELETE", "/v1/rules/a").status, 200);
  const Answer answer = get("/v1/rules/a/history");
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(answer.at("/total_count"), 4);
  EXPECT_EQ(answer.at("/revisions/0/change"), "delete");
  EXPECT_EQ(answer.at("/revisions/1/change"), "disable");
  EXPECT_EQ(answer.at("/revisions/2"),
            parse_json(R"({"revision":2,"time":"2026-01-31T10:00:01Z","actor":"anonymous",)"
                       R"("source":"api","change":"update",)"
                       R"("diff":[{"member":"severity","old":"MEDIUM","new":"HIGH"}]})")
                .value());
  EXPECT_EQ(answer.at("/revisions/3/change"), "create");
  EXPECT_EQ(get("/v1/rules/none/history").code(), "rule_not_found");
}

}  // namespace
}  // namespace betrace::api
