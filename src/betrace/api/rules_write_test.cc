// Goal: one rule is created, changed and deleted as docs/guide/api.md says.

#include "betrace/api/test_api.h"

namespace betrace::api {
namespace {

class RulesWriteTest : public ApiTest {};

TEST_F(RulesWriteTest, CreatesARuleWithItsPlaceAndVersion) {
  const Answer answer = post("/v1/rules", R"({"name":"My rule","expression":"true","owner":"me"})");
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.header("Location"), "/v1/rules/my-rule");
  EXPECT_EQ(answer.header("X-Betrace-Ignored"), "owner");
  EXPECT_EQ(answer.header("ETag"), get("/v1/rules/my-rule").header("ETag"));
  EXPECT_EQ(answer.at("/id"), "my-rule");
  EXPECT_EQ(answer.at("/severity"), "MEDIUM");
  EXPECT_EQ(answer.at("/enabled"), true);
  EXPECT_EQ(answer.at("/revision"), 1);
}

TEST_F(RulesWriteTest, AConflictIsToldAndResolvedAsAsked) {
  add_rule("a");
  const char* other = R"({"id":"a","name":"a","expression":"true","severity":"HIGH"})";
  const Answer refused = post("/v1/rules", other);
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.code(), "rule_exists");
  EXPECT_EQ(refused.at("/error/details/id"), "a");
  EXPECT_EQ(refused.at("/error/details/etag"), get("/v1/rules/a").header("ETag"));
  EXPECT_EQ(refused.at("/error/details/differing"), Json({"expression", "severity"}));

  const Answer skipped = post("/v1/rules?on_conflict=skip", other);
  EXPECT_EQ(skipped.status, 200);
  EXPECT_EQ(skipped.header("X-Betrace-Skipped"), "true");
  EXPECT_EQ(skipped.at("/severity"), "MEDIUM");

  const Answer replaced = post("/v1/rules?on_conflict=replace", other);
  EXPECT_EQ(replaced.status, 200);
  EXPECT_EQ(replaced.at("/severity"), "HIGH");
  EXPECT_EQ(replaced.at("/revision"), 2);
  EXPECT_EQ(replaced.header("Location"), "");
  EXPECT_EQ(post("/v1/rules?on_conflict=merge", other).code(), "invalid_parameter");
}

TEST_F(RulesWriteTest, AMistakeInTheExpressionIsToldWithItsPlace) {
  const Answer answer = post("/v1/rules", R"({"name":"a","expression":"span.duration >"})");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.code(), "invalid_expression");
  EXPECT_EQ(answer.at("/error/details/errors/0/line"), 1);
  EXPECT_GE(answer.at("/error/details/errors/0/column"), 15);
  EXPECT_EQ(answer.at("/error/details/errors/0/code"), "E_EXPECTED");
  EXPECT_EQ(answer.at("/error/message").get<std::string>().substr(0, 8), "line 1, ");
  EXPECT_EQ(get("/v1/rules/a").status, 404);
  EXPECT_EQ(post("/v1/rules", R"({"name":"a","expression":"true"})").status, 201);
}

TEST_F(RulesWriteTest, ReplacesTheWholeContent) {
  ASSERT_EQ(post("/v1/rules", R"({"id":"a","name":"a","expression":"true","tags":["t"]})").status,
            201);
  pass(std::chrono::milliseconds(1500));
  const char* body = R"({"id":"a","name":"A","expression":"false","enabled":false,)"
                     R"("severity":"low","revision":9})";
  const Answer answer = call("PUT", "/v1/rules/a", body);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.at("/name"), "A");
  EXPECT_EQ(answer.at("/tags"), Json::array());
  EXPECT_EQ(answer.at("/severity"), "LOW");
  EXPECT_EQ(answer.at("/state"), "disabled");
  EXPECT_EQ(answer.at("/revision"), 2);
  EXPECT_EQ(answer.at("/created_at"), "2026-01-31T10:00:00Z");
  EXPECT_EQ(answer.at("/updated_at"), "2026-01-31T10:00:01.5Z");
}

TEST_F(RulesWriteTest, ReplacingWithEqualContentKeepsTheVersion) {
  const std::string etag = add_rule("a").header("ETag");
  const char* same =
      R"({"name":"a","expression":"span.duration > 1s","enabled":true,"severity":"MEDIUM"})";
  const Answer answer = call("PUT", "/v1/rules/a", same);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("ETag"), etag);
  EXPECT_EQ(get("/v1/rules/a/history").at("/total_count"), 1);
}

// Each row is one refused change of the rule `a`.
TEST_F(RulesWriteTest, RefusesWrongChanges) {
  struct Case {
    const char* method;
    const char* target;
    const char* body;
    int status;
    const char* code;
  };
  const char* whole = R"({"name":"a","expression":"true","enabled":true,"severity":"LOW"})";
  const Case cases[] = {
      {"PUT", "/v1/rules/none", whole, 404, "rule_not_found"},
      {"PUT", "/v1/rules/a", R"({"name":"a","expression":"true","severity":"LOW"})", 400,
       "missing_field"},
      {"PUT", "/v1/rules/a",
       R"({"id":"b","name":"a","expression":"true","enabled":true,"severity":"LOW"})", 400,
       "id_mismatch"},
      {"PUT", "/v1/rules/a?force=true", whole, 400, "unknown_parameter"},
      {"PATCH", "/v1/rules/none", "{}", 404, "rule_not_found"},
      {"PATCH", "/v1/rules/a", R"({"revision":4})", 400, "invalid_field"},
      {"PATCH", "/v1/rules/a", R"({"owner":"me"})", 400, "invalid_field"},
      {"PATCH", "/v1/rules/a", R"({"name":null})", 400, "invalid_field"},
      {"PATCH", "/v1/rules/a", R"({"expression":"span.duration >"})", 400, "invalid_expression"},
      {"PATCH", "/v1/rules/a", "[]", 400, "invalid_field"},
      {"DELETE", "/v1/rules/none", "", 404, "rule_not_found"},
      {"POST", "/v1/rules/none/enable", "", 404, "rule_not_found"},
      {"POST", "/v1/rules/a/enable", R"({"a":1})", 400, "invalid_field"},
      {"POST", "/v1/rules/a/undelete", "", 409, "rule_exists"},
      {"POST", "/v1/rules/none/undelete", "", 404, "rule_not_found"},
  };
  const std::string etag = add_rule("a").header("ETag");
  for (const Case& row : cases) {
    const Answer answer = call(row.method, row.target, row.body);
    EXPECT_EQ(answer.status, row.status) << row.method << row.target << row.body << answer.body;
    EXPECT_EQ(answer.code(), row.code) << row.method << row.target << row.body;
  }
  EXPECT_EQ(get("/v1/rules/a").header("ETag"), etag);
}

TEST_F(RulesWriteTest, PatchesOnlyWhatItNames) {
  ASSERT_EQ(
      post("/v1/rules", R"({"id":"a","name":"a","expression":"true","description":"d"})").status,
      201);
  const Answer answer = call("PATCH", "/v1/rules/a", R"({"severity":"HIGH","description":null})",
                             {{"Content-Type", "application/merge-patch+json"}});
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.at("/severity"), "HIGH");
  EXPECT_EQ(answer.at("/description"), "");
  EXPECT_EQ(answer.at("/expression"), "true");
  EXPECT_EQ(answer.at("/revision"), 2);
}

TEST_F(RulesWriteTest, PreconditionsGuardEveryChange) {
  const std::string etag = add_rule("a").header("ETag");
  const HeaderList wrong = {{"If-Match", "\"1-0000000000000000\""}};
  const char* whole = R"({"name":"a","expression":"true","enabled":true,"severity":"LOW"})";
  const Answer refused = call("PUT", "/v1/rules/a", whole, wrong);
  EXPECT_EQ(refused.status, 412);
  EXPECT_EQ(refused.code(), "precondition_failed");
  EXPECT_EQ(refused.at("/error/details/etag"), etag);
  EXPECT_EQ(call("PATCH", "/v1/rules/a", "{}", wrong).status, 412);
  EXPECT_EQ(call("DELETE", "/v1/rules/a", "", wrong).status, 412);
  EXPECT_EQ(call("POST", "/v1/rules/a/enable", "", wrong).status, 412);
  EXPECT_EQ(call("POST", "/v1/rules/a/disable", "", wrong).status, 412);
  EXPECT_EQ(call("POST", "/v1/rules/a/disable", "", {{"If-Match", etag}}).status, 200);
  EXPECT_EQ(call("DELETE", "/v1/rules/a", "", {{"If-Match", "*"}}).status, 200);
}

TEST_F(RulesWriteTest, EnableAndDisableAnswerTheRule) {
  const std::string etag = add_rule("a").header("ETag");
  EXPECT_EQ(post("/v1/rules/a/enable", "{}").header("ETag"), etag);
  const Answer disabled = post("/v1/rules/a/disable", "");
  EXPECT_EQ(disabled.status, 200);
  EXPECT_EQ(disabled.at("/enabled"), false);
  EXPECT_EQ(disabled.at("/state"), "disabled");
  EXPECT_EQ(disabled.at("/revision"), 2);
  EXPECT_EQ(post("/v1/rules/a/disable", "").at("/revision"), 2);
  EXPECT_EQ(post("/v1/rules/a/enable", "").at("/state"), "active");
}

TEST_F(RulesWriteTest, DeletesAndUndeletes) {
  add_rule("a");
  EXPECT_EQ(call("DELETE", "/v1/rules/a").body,
            R"({"success":true,"message":"Rule deleted successfully","id":"a"})");
  EXPECT_EQ(get("/v1/rules/a").status, 404);
  const Answer restored = post("/v1/rules/a/undelete", "");
  EXPECT_EQ(restored.status, 200);
  EXPECT_EQ(restored.at("/revision"), 2);
  EXPECT_EQ(get("/v1/rules/a").status, 200);
}

TEST_F(RulesWriteTest, TheLimitOfRulesIsAConflict) {
  rules_max_ = 1;
  reopen();
  add_rule("a");
  const Answer answer = post("/v1/rules", R"({"name":"b","expression":"true"})");
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(answer.code(), "rule_limit_reached");
}

TEST_F(RulesWriteTest, ARuleOfAYamlFileIsReadOnlyButEqualPostsPass) {
  directory_.write("team.yaml", "id: team\nname: team\nexpression: \"true\"\n");
  reopen();
  const Answer refused = call("PATCH", "/v1/rules/team", R"({"severity":"HIGH"})");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.code(), "rules_read_only");
  EXPECT_EQ(refused.at("/error/details/file"), "team.yaml");
  EXPECT_EQ(call("DELETE", "/v1/rules/team").code(), "rules_read_only");
  EXPECT_EQ(post("/v1/rules", R"({"id":"team","name":"team","expression":"true"})").status, 200);
}

TEST_F(RulesWriteTest, ABrokenDiskIs503AndMemoryEqualsDisk) {
  add_rule("a");
  disk_.fail_at(0, ENOSPC, true);
  for (const Answer& answer :
       {post("/v1/rules", R"({"name":"b","expression":"true"})"),
        call("PATCH", "/v1/rules/a", R"({"severity":"LOW"})"), call("DELETE", "/v1/rules/a"),
        post("/v1/rules/import", R"([{"name":"c","expression":"true"}])")}) {
    EXPECT_EQ(answer.status, 503) << answer.body;
    EXPECT_EQ(answer.code(), "storage_unavailable");
    EXPECT_EQ(answer.header("Retry-After"), "1");
    EXPECT_EQ(answer.at("/error/retry_after"), 1);
  }
  const std::string before = get("/v1/rules").at("/rules").dump();
  disk_.heal();
  reopen();
  EXPECT_EQ(get("/v1/rules").at("/rules").dump(), before);
  EXPECT_EQ(get("/v1/rules").at("/total_count"), 1);
}

}  // namespace
}  // namespace betrace::api
