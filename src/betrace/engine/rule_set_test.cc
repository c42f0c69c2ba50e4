// Goal: a RuleSet knows its rules by class, and which of them older traces still hear.

#include "betrace/engine/rule_set.h"

#include <gtest/gtest.h>

#include "betrace/engine/test_rules.h"

namespace betrace::engine {
namespace {

ActiveRulePtr disabled(const char* id) {
  model::Rule rule;
  rule.id = id;
  rule.expression = "a.b";
  rule.enabled = false;
  return test_rule(rule);
}

ActiveRulePtr complete_only(const char* id, const char* expression) {
  model::Rule rule;
  rule.id = id;
  rule.expression = expression;
  rule.require_complete = true;
  return test_rule(rule);
}

using Indexes = std::vector<std::uint32_t>;

Indexes list(std::span<const std::uint32_t> indexes) { return {indexes.begin(), indexes.end()}; }

TEST(RuleSetTest, SortsItsRulesIntoClasses) {
  const RuleSet rules({test_rule("c", "span.duration > 1s"), test_rule("b", "count(x.y) > 3"),
                       test_rule("a", "a.b and not c.d"), complete_only("d", "count(x.y) > 3")},
                      RuleSet());
  ASSERT_EQ(rules.rules().size(), 4U);
  EXPECT_EQ(rules.rule(0).rule.id, "a");
  EXPECT_EQ(list(rules.span_rules()), (Indexes{2}));
  EXPECT_EQ(list(rules.early_rules()), (Indexes{1})) << "d must wait for a complete trace";
  EXPECT_EQ(list(rules.trace_rules()), (Indexes{0, 1, 3}));
}

TEST(RuleSetTest, LeavesDisabledRulesOut) {
  const RuleSet rules({disabled("off"), test_rule("on", "a.b")}, RuleSet());
  EXPECT_EQ(rules.rules().size(), 1U);
  EXPECT_EQ(rules.find("off"), nullptr);
  EXPECT_NE(rules.find("on"), nullptr);
}

TEST(RuleSetTest, IsHeardOnlyWhileARuleIsActiveWithoutABreak) {
  const ActiveRulePtr rule = test_rule("r", "a.b");
  const RuleSet first({rule}, RuleSet());
  const RuleSet changed({test_rule("r", "c.d")}, first);
  const RuleSet without({disabled("r")}, changed);
  const RuleSet again({rule}, without);
  EXPECT_EQ(again.epoch(), 4U);
  EXPECT_TRUE(first.is_heard("r", 1));
  EXPECT_TRUE(changed.is_heard("r", 1)) << "a change applies to traces opened later";
  EXPECT_FALSE(without.is_heard("r", 1)) << "disabling silences at once";
  EXPECT_FALSE(again.is_heard("r", 1));
  EXPECT_FALSE(again.is_heard("r", 3));
  EXPECT_TRUE(again.is_heard("r", 4));
  EXPECT_FALSE(first.is_heard("other", 1));
}

TEST(ActiveRuleTest, IsRefusedForAnUnknownFieldInItsMessage) {
  model::Rule rule;
  rule.id = "r";
  rule.expression = "a.b";
  rule.message = "{span.foo}";
  auto checked = rules::check_rule(rule.expression);
  ASSERT_TRUE(checked.has_value());
  const auto active = make_active_rule(rule, std::move(*checked));
  ASSERT_FALSE(active.has_value());
  EXPECT_EQ(active.error().message, "message: unknown field {span.foo}");
}

TEST(ActiveRulesTest, MakesEachPublicationTheNextEpoch) {
  ActiveRules rules;
  EXPECT_EQ(rules.epoch(), 0U);
  EXPECT_EQ(rules.current()->rules().size(), 0U);
  rules.publish({test_rule("r", "a.b")});
  EXPECT_EQ(rules.epoch(), 1U);
  EXPECT_EQ(rules.current()->epoch(), 1U);
  EXPECT_NE(rules.current()->find("r"), nullptr);
}

}  // namespace
}  // namespace betrace::engine
