// Goal: what a client sends as a rule is read as the HTTP page says, and every mistake is named.

#include "betrace/api/rule_json.h"

#include <gtest/gtest.h>

#include "betrace/api/object_reader.h"

namespace betrace::api {
namespace {

constexpr UnixNanos kNow = 1'769'853'600'000'000'000;  // 2026-01-31T10:00:00Z

Json json(std::string_view text) { return parse_json(text).value(); }

std::string mistake_of(const Reply<RuleInput>& reply) {
  return reply ? "" : std::string(name_of(reply.error().kind)) + ": " + reply.error().message;
}

TEST(RuleJsonTest, FillsInDefaults) {
  const auto input =
      read_rule(json(R"({"name":"My rule","expression":"true"})"), RuleForm::Create, kNow);
  ASSERT_TRUE(input);
  EXPECT_EQ(input->rule.id, "my-rule");
  EXPECT_TRUE(input->rule.enabled);
  EXPECT_EQ(input->rule.severity, model::Severity::Medium);
  EXPECT_EQ(input->rule.revision, 0u);
  EXPECT_EQ(input->rule.created_at, 0u);
  EXPECT_TRUE(input->ignored.empty());
}

TEST(RuleJsonTest, GivesBackWhatItReads) {
  const std::string text =
      R"({"id":"a","name":"A","description":"d","expression":"x == \"\\\"\"","enabled":false,)"
      R"("severity":"CRITICAL","tags":["soc2:CC6.1","pii"],"message":"m","require_complete":true,)"
      R"("state":"disabled","revision":3,"created_at":"2026-01-31T10:00:00Z",)"
      R"("updated_at":"2026-01-31T10:00:00.25Z"})";
  const auto input = read_rule(json(text), RuleForm::Create, kNow);
  ASSERT_TRUE(input);
  EXPECT_TRUE(input->ignored.empty());
  EXPECT_EQ(rule_json(input->rule, "disabled").dump(), text);
}

TEST(RuleJsonTest, TakesCamelCaseAndNamesWhatItIgnores) {
  const auto input = read_rule(
      json(R"({"name":"a","expression":"true","requireComplete":true,"tags":["b","a","b"],)"
           R"("createdAt":"2026-01-31T09:00:00Z","owner":"me","created by":1})"),
      RuleForm::Create, kNow);
  ASSERT_TRUE(input);
  EXPECT_TRUE(input->rule.require_complete);
  EXPECT_EQ(input->rule.tags, (std::vector<std::string>{"b", "a"}));
  EXPECT_EQ(format_rfc3339(input->rule.created_at), "2026-01-31T09:00:00Z");
  EXPECT_EQ(ignored_header(input->ignored), "created?by, owner");
}

TEST(RuleJsonTest, DropsTimesAndRevisionsThatAreNotValid) {
  const auto input =
      read_rule(json(R"({"name":"a","expression":"true","revision":-1,"created_at":"yesterday",)"
                     R"("updated_at":"2026-01-31T10:05:01Z"})"),
                RuleForm::Create, kNow);
  ASSERT_TRUE(input);
  EXPECT_EQ(input->rule.revision, 0u);
  EXPECT_EQ(input->rule.created_at, 0u);
  EXPECT_EQ(input->rule.updated_at, 0u);
}

TEST(RuleJsonTest, NamesEveryMistake) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"[]", "invalid_field: the rule is not a JSON object"},
      {"{}", "missing_field: name is missing"},
      {R"({"name":"a"})", "missing_field: expression is missing"},
      {R"({"name":1,"expression":"true"})", "invalid_field: name is not a string"},
      {R"({"name":null,"expression":"true"})", "invalid_field: name is not a string"},
      {R"({"name":"a","expression":"true","enabled":"yes"})",
       "invalid_field: enabled is not true or false"},
      {R"({"name":"a","expression":"true","tags":"x"})",
       "invalid_field: tags is not a list of strings"},
      {R"({"name":"a","expression":"true","tags":[1]})",
       "invalid_field: tags is not a list of strings"},
      {R"({"name":"a","expression":"true","severity":"SEVERE"})",
       "invalid_field: severity is none of CRITICAL, HIGH, MEDIUM, LOW"},
      {R"({"name":"a","expression":"true","createdAt":"x","created_at":"y"})",
       "invalid_field: created_at and createdAt differ"},
  };
  for (const auto& [body, expected] : cases) {
    EXPECT_EQ(mistake_of(read_rule(json(body), RuleForm::Create, kNow)), expected) << body;
  }
}

TEST(RuleJsonTest, ReplaceRequiresEnabledAndSeverity) {
  EXPECT_EQ(mistake_of(read_rule(json(R"({"name":"a","expression":"true","severity":"LOW"})"),
                                 RuleForm::Replace, kNow)),
            "missing_field: enabled is missing");
  EXPECT_EQ(mistake_of(read_rule(json(R"({"name":"a","expression":"true","enabled":true})"),
                                 RuleForm::Replace, kNow)),
            "missing_field: severity is missing");
}

TEST(RuleJsonTest, ImportTakesConditionForExpression) {
  const Json body = json(R"({"name":"a","condition":"true"})");
  EXPECT_EQ(read_rule(body, RuleForm::Import, kNow)->rule.expression, "true");
  EXPECT_EQ(mistake_of(read_rule(body, RuleForm::Create, kNow)),
            "missing_field: expression is missing");
}

TEST(RulePatchTest, ChangesOnlyWhatItNames) {
  model::Rule stored;
  stored.name = "a";
  stored.description = "d";
  stored.tags = {"t"};
  const auto patched =
      patch_rule(stored, json(R"({"severity":"high","description":null,"requireComplete":true})"));
  ASSERT_TRUE(patched);
  EXPECT_EQ(patched->name, "a");
  EXPECT_EQ(patched->description, "");
  EXPECT_EQ(patched->severity, model::Severity::High);
  EXPECT_EQ(patched->tags, stored.tags);
  EXPECT_TRUE(patched->require_complete);
}

TEST(RulePatchTest, RefusesEverythingButContent) {
  for (const char* patch :
       {R"({"id":"b"})", R"({"revision":4})", R"({"created_at":"x"})", R"({"owner":"me"})",
        R"({"name":null})", R"({"expression":null})", R"({"enabled":null})", R"({"severity":null})",
        R"({"tags":[1]})", R"({"owner":null})", "[]", "3"}) {
    const auto patched = patch_rule(model::Rule(), json(patch));
    ASSERT_FALSE(patched) << patch;
    EXPECT_EQ(patched.error().kind, ErrorKind::InvalidField) << patch;
  }
}

}  // namespace
}  // namespace betrace::api
