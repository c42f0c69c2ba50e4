// Goal: each field is accepted at its limit and refused one beyond it, by name.

#include "betrace/control/rule_fields.h"

#include <gtest/gtest.h>

#include <functional>

namespace betrace::control {
namespace {

model::Rule a_rule() {
  model::Rule rule;
  rule.id = "a";
  rule.name = "a";
  rule.expression = "true";
  return rule;
}

TEST(RuleFieldsTest, AcceptsEveryFieldAtItsLimit) {
  model::Rule rule = a_rule();
  rule.id = std::string(128, 'i');
  rule.name = std::string(256, 'n');
  rule.description = std::string(4096, 'd');
  rule.expression = std::string(65'536, 'e');
  rule.message = std::string(1024, 'm');
  rule.tags.assign(32, "A_.:/()-" + std::string(56, 't'));
  EXPECT_TRUE(check_fields(rule));
}

TEST(RuleFieldsTest, RefusesEachFieldBeyondItsLimitByName) {
  using Edit = std::function<void(model::Rule&)>;
  const std::vector<std::pair<std::string, Edit>> cases = {
      {"id", [](model::Rule& rule) { rule.id = "../a"; }},
      {"name", [](model::Rule& rule) { rule.name = ""; }},
      {"name", [](model::Rule& rule) { rule.name = std::string(257, 'n'); }},
      {"name", [](model::Rule& rule) { rule.name = "a\nb"; }},
      {"name", [](model::Rule& rule) { rule.name = "a\xFF"; }},
      {"description", [](model::Rule& rule) { rule.description = std::string(4097, 'd'); }},
      {"expression", [](model::Rule& rule) { rule.expression = ""; }},
      {"expression", [](model::Rule& rule) { rule.expression = std::string(65'537, 'e'); }},
      {"tags", [](model::Rule& rule) { rule.tags.assign(33, "t"); }},
      {"tags", [](model::Rule& rule) { rule.tags = {""}; }},
      {"tags", [](model::Rule& rule) { rule.tags = {":a"}; }},
      {"tags", [](model::Rule& rule) { rule.tags = {"a b"}; }},
      {"tags", [](model::Rule& rule) { rule.tags = {std::string(65, 't')}; }},
      {"message", [](model::Rule& rule) { rule.message = std::string(1025, 'm'); }},
  };
  for (const auto& [field, edit] : cases) {
    model::Rule rule = a_rule();
    edit(rule);
    const auto result = check_fields(rule);
    ASSERT_FALSE(result) << field;
    EXPECT_EQ(result.error().message.substr(0, field.size()), field);
  }
}

TEST(RuleFieldsTest, KeepsTheFirstOfEqualTags) {
  EXPECT_EQ(without_repetitions({"b", "a", "b"}), (std::vector<std::string>{"b", "a"}));
}

TEST(RuleFieldsTest, EtagTellsContentAndRevisionButNotTimes) {
  model::Rule rule = a_rule();
  const std::string etag = etag_of(rule);
  EXPECT_EQ(etag.size(), 20u);
  EXPECT_EQ(etag.substr(0, 3), "\"1-");
  rule.updated_at = 7;
  EXPECT_EQ(etag_of(rule), etag);
  rule.tags = {"x"};
  EXPECT_NE(etag_of(rule), etag);
}

TEST(RuleFieldsTest, NamesTheMembersThatDiffer) {
  model::Rule other = a_rule();
  other.expression = "false";
  other.enabled = false;
  other.revision = 9;
  EXPECT_EQ(differing_members(a_rule(), other),
            (std::vector<std::string>{"expression", "enabled"}));
}

}  // namespace
}  // namespace betrace::control
