// Goal: imports and exports have the documented forms, statuses and summaries.

#include "betrace/api/test_api.h"

namespace betrace::api {
namespace {

class RulesTransferTest : public ApiTest {};

constexpr const char* kTwo =
    R"([{"name":"a","expression":"true"},{"name":"b","condition":"true"}])";
constexpr const char* kOneBad =
    R"({"rules":[{"name":"a","expression":"true"},{"name":"b","expression":"nonsense("}]})";

TEST_F(RulesTransferTest, AnswersTheDocumentedSummary) {
  const Answer answer = post("/v1/rules/import", kTwo);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body,
            R"({"total":2,"succeeded":2,"failed":0,"created":2,"updated":0,"unchanged":0,)"
            R"("skipped":0,"deleted":0,"dry_run":false,"imported":["a","b"],"errors":[]})");
}

TEST_F(RulesTransferTest, AnAtomicImportFailsAsAWhole) {
  const Answer answer = post("/v1/rules/import", kOneBad);
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.code(), "invalid_expression");
  EXPECT_EQ(answer.at("/error/details/failed"), 1);
  EXPECT_EQ(answer.at("/error/details/errors/0/index"), 1);
  EXPECT_EQ(answer.at("/error/details/errors/0/rule_id"), "b");
  EXPECT_EQ(answer.at("/error/details/errors/0/code"), "invalid_expression");
  EXPECT_EQ(get("/v1/rules").at("/total_count"), 0);
}

TEST_F(RulesTransferTest, APartialImportIs207) {
  const Answer answer = post("/v1/rules/import?atomic=false", kOneBad);
  EXPECT_EQ(answer.status, 207);
  EXPECT_EQ(answer.at("/succeeded"), 1);
  EXPECT_EQ(answer.at("/failed"), 1);
  EXPECT_EQ(answer.at("/imported"), Json::array({"a"}));
  EXPECT_EQ(get("/v1/rules").at("/total_count"), 1);
}

TEST_F(RulesTransferTest, AConflictIs409) {
  add_rule("a");
  const Answer answer = post("/v1/rules/import", kTwo);
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(answer.code(), "import_conflict");
  EXPECT_EQ(answer.at("/error/details/errors/0/code"), "rule_exists");
  EXPECT_EQ(post("/v1/rules/import?on_conflict=skip", kTwo).at("/skipped"), 1);
  EXPECT_EQ(post("/v1/rules/import?on_conflict=replace", kTwo).at("/updated"), 1);
}

TEST_F(RulesTransferTest, TheSecondOfTwoEntriesWithOneIdFails) {
  const Answer answer =
      post("/v1/rules/import?atomic=false",
           R"([{"name":"a","expression":"true"},{"id":"a","name":"x","expression":"true"}])");
  EXPECT_EQ(answer.status, 207);
  EXPECT_EQ(answer.at("/errors/0/index"), 1);
  EXPECT_EQ(get("/v1/rules/a").at("/name"), "a");
}

TEST_F(RulesTransferTest, PrunesAndTriesWithoutChanging) {
  add_rule("old");
  const Answer dry = post("/v1/rules/import?prune=true&dry_run=true", kTwo);
  EXPECT_EQ(dry.at("/dry_run"), true);
  EXPECT_EQ(dry.at("/deleted"), 1);
  EXPECT_EQ(get("/v1/rules").at("/total_count"), 1);
  EXPECT_EQ(post("/v1/rules/import?prune=true", kTwo).at("/deleted"), 1);
  EXPECT_EQ(get("/v1/rules").at("/total_count"), 2);
  EXPECT_EQ(post("/v1/rules/import?prune=true&atomic=false", kTwo).code(), "invalid_parameter");
}

TEST_F(RulesTransferTest, TakesOneRuleYamlAndLines) {
  EXPECT_EQ(post("/v1/rules/import", R"({"name":"one","expression":"true"})").at("/created"), 1);
  for (const char* type : {"application/yaml", "application/x-yaml", "text/yaml"}) {
    const Answer answer =
        post("/v1/rules/import", "rules:\n- name: yaml\n  expression: span.duration > 1s\n",
             {{"Content-Type", type}});
    EXPECT_EQ(answer.status, 200) << type << answer.body;
  }
  const char* lines =
      "{\"name\":\"l1\",\"expression\":\"true\"}\n\n{\"name\":\"l2\",\"expression\":\"true\"}\n";
  const Answer answer = post("/v1/rules/import", lines, {{"Content-Type", "application/x-ndjson"}});
  EXPECT_EQ(answer.at("/created"), 2) << answer.body;
}

TEST_F(RulesTransferTest, RefusesWhatCannotBeRead) {
  const HeaderList yaml = {{"Content-Type", "text/yaml"}};
  EXPECT_EQ(post("/v1/rules/import", "{").code(), "invalid_json");
  EXPECT_EQ(post("/v1/rules/import", "a: [", yaml).code(), "invalid_yaml");
  EXPECT_EQ(post("/v1/rules/import", "a: &x 1\nb: *x\n", yaml).code(), "invalid_yaml");
  EXPECT_EQ(post("/v1/rules/import", "x", {{"Content-Type", "text/csv"}}).code(),
            "unsupported_media_type");
  EXPECT_EQ(post("/v1/rules/import?force=1", kTwo).code(), "unknown_parameter");
}

TEST_F(RulesTransferTest, ExportsInTheFormThatIsAskedFor) {
  add_rule("a");
  const Answer json = get("/v1/rules/export");
  EXPECT_EQ(json.header("Content-Type"), "application/json; charset=utf-8");
  EXPECT_EQ(json.header("Content-Disposition"), "attachment; filename=\"betrace-rules.json\"");
  EXPECT_EQ(json.at("/format_version"), 1);
  EXPECT_EQ(json.at("/backend_version"), "2.0.0");
  EXPECT_EQ(json.at("/exported_at"), "2026-01-31T10:00:00Z");
  EXPECT_EQ(json.at("/total_count"), 1);
  EXPECT_EQ(json.at("/rules/0/id"), "a");
  EXPECT_FALSE(json.at("/rules/0").contains("statistics"));

  EXPECT_EQ(get("/v1/rules/export?format=yaml").header("Content-Type"),
            "application/yaml; charset=utf-8");
  EXPECT_EQ(
      get("/v1/rules/export", {{"Accept", "application/x-ndjson"}}).header("Content-Disposition"),
      "attachment; filename=\"betrace-rules.ndjson\"");
  EXPECT_EQ(get("/v1/rules/export", {{"Accept", "text/html"}}).code(), "not_acceptable");
  EXPECT_EQ(get("/v1/rules/export?format=xml").code(), "invalid_parameter");
}

}  // namespace
}  // namespace betrace::api
