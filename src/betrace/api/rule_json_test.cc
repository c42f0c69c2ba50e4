// Goal: what a client sends as a rule is read as docs/guide/api.md says, and every mistake is
// named.

#include "betrace/api/rule_json.h"

#include <gtest/gtest.h>

#include "betrace/api/object_reader.h"

namespace betrace::api {
namespace {

Json json(std::string_view text) { return parse_json(text).value(); }

template <typename T>
std::string code_of(const Reply<T>& reply) {
  return reply ? "" : std::string(name_of(reply.error().kind));
}

TEST(RuleJsonTest, FillsInDefaults) {
  const auto body = read_rule(json(R"({"name":"My rule","expression":"true"})"), RuleForm::Create);
  ASSERT_TRUE(body);
  EXPECT_EQ(body->rule.id, "my-rule");
  EXPECT_FALSE(body->has_id);
  EXPECT_TRUE(body->rule.enabled);
  EXPECT_EQ(body->rule.severity, model::Severity::Medium);
  EXPECT_EQ(body->rule.revision, 0u);
  EXPECT_EQ(body->rule.created_at, 0u);
  EXPECT_TRUE(body->ignored.empty());
}

TEST(RuleJsonTest, GivesBackWhatItReads) {
  const std::string text =
      R"({"id":"a","name":"A","description":"d","expression":"x == \"\\\"\"","enabled":false,)"
      R"("severity":"CRITICAL","tags":["soc2:CC6.1","pii"],"message":"m","require_complete":true,)"
      R"("state":"invalid","revision":3,"created_at":"2026-01-31T10:00:00Z",)"
      R"("updated_at":"2026-01-31T10:00:00.25Z"})";
  const auto body = read_rule(json(text), RuleForm::Create);
  ASSERT_TRUE(body);
  EXPECT_TRUE(body->ignored.empty());
  control::LoadedRule loaded;
  loaded.rule = body->rule;
  EXPECT_EQ(rule_json(loaded, false).dump(), text);
}

TEST(RuleJsonTest, TakesCamelCaseAndNamesWhatItIgnores) {
  const auto body = read_rule(
      json(R"({"name":"a","expression":"true","requireComplete":true,"tags":["b","a","b"],)"
           R"("createdAt":"2026-01-31T09:00:00Z","owner":"me","created by":1})"),
      RuleForm::Create);
  ASSERT_TRUE(body);
  EXPECT_TRUE(body->rule.require_complete);
  EXPECT_EQ(body->rule.tags, (std::vector<std::string>{"b", "a"}));
  EXPECT_EQ(format_rfc3339(body->rule.created_at), "2026-01-31T09:00:00Z");
  EXPECT_EQ(ignored_header(body->ignored), "created?by, owner");
}

TEST(RuleJsonTest, TellsWhatIsMissingFromWhatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"[]", "invalid_field"},
      {"{}", "missing_field"},
      {R"({"name":"a"})", "missing_field"},
      {R"({"expression":"true"})", "missing_field"},
      {R"({"name":1,"expression":"true"})", "invalid_field"},
      {R"({"name":null,"expression":"true"})", "invalid_field"},
      {R"({"name":"a","condition":"true"})", "missing_field"},
      {R"({"name":"a","expression":"true","enabled":"yes"})", "invalid_field"},
      {R"({"name":"a","expression":"true","tags":"x"})", "invalid_field"},
      {R"({"name":"a","expression":"true","tags":[1]})", "invalid_field"},
      {R"({"name":"a","expression":"true","severity":"SEVERE"})", "invalid_field"},
      {R"({"name":"a","expression":"true","requireComplete":true,"require_complete":false})",
       "invalid_field"},
  };
  for (const auto& [body, code] : cases) {
    EXPECT_EQ(code_of(read_rule(json(body), RuleForm::Create)), code) << body;
  }
}

TEST(RuleJsonTest, ReplaceRequiresEnabledAndSeverity) {
  const Json without_enabled = json(R"({"name":"a","expression":"true","severity":"LOW"})");
  const Json without_severity = json(R"({"name":"a","expression":"true","enabled":true})");
  EXPECT_EQ(read_rule(without_enabled, RuleForm::Replace).error().message, "enabled is missing");
  EXPECT_EQ(read_rule(without_severity, RuleForm::Replace).error().message, "severity is missing");
}

model::Rule a_stored_rule() {
  model::Rule stored;
  stored.id = "a";
  stored.name = "a";
  stored.expression = "true";
  stored.description = "d";
  stored.tags = {"t"};
  return stored;
}

TEST(RulePatchTest, ChangesOnlyWhatItNames) {
  const auto patched = patch_rule(
      a_stored_rule(), json(R"({"severity":"high","description":null,"requireComplete":true})"));
  ASSERT_TRUE(patched);
  EXPECT_EQ(patched->name, "a");
  EXPECT_EQ(patched->description, "");
  EXPECT_EQ(patched->severity, model::Severity::High);
  EXPECT_EQ(patched->tags, std::vector<std::string>{"t"});
  EXPECT_TRUE(patched->require_complete);
}

TEST(RulePatchTest, RefusesEverythingButContent) {
  for (const char* patch :
       {R"({"id":"b"})", R"({"revision":4})", R"({"created_at":"x"})", R"({"owner":"me"})",
        R"({"name":null})", R"({"expression":null})", R"({"enabled":null})", R"({"severity":null})",
        R"({"tags":[1]})", R"({"owner":null})", R"({"requireComplete":1})", "[]", "3",
        R"({"requireComplete":true,"require_complete":false})"}) {
    EXPECT_EQ(code_of(patch_rule(a_stored_rule(), json(patch))), "invalid_field") << patch;
  }
}

}  // namespace
}  // namespace betrace::api
