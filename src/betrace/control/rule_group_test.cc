// Goal: the groups share the rules out among them, whoever asks and whatever is added.

#include "betrace/control/rule_group.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <vector>

namespace betrace::control {
namespace {

std::uint32_t group_of(std::string_view rule_id, std::uint32_t count) {
  std::uint32_t found = 0;
  for (std::uint32_t index = 1; index <= count; ++index) {
    if (!RuleGroup{index, count}.holds(rule_id)) continue;
    EXPECT_EQ(found, 0u) << rule_id << " falls to two groups";
    found = index;
  }
  EXPECT_NE(found, 0u) << rule_id << " falls to no group";
  return found;
}

TEST(RuleGroupTest, TheOnlyGroupHoldsEveryRule) {
  EXPECT_TRUE(RuleGroup().holds("slow-request"));
  EXPECT_TRUE(RuleGroup().holds(""));
}

TEST(RuleGroupTest, EachRuleFallsToOneGroupAndNoGroupStaysEmpty) {
  std::vector<int> sizes(4);
  for (int i = 0; i < 300; ++i) ++sizes[group_of(fmt::format("rule-{}", i), 3)];
  for (std::uint32_t index = 1; index <= 3; ++index) EXPECT_GT(sizes[index], 60) << index;
}

TEST(RuleGroupTest, OneMoreGroupMovesRulesOnlyToItself) {
  int moved = 0;
  for (int i = 0; i < 300; ++i) {
    const std::string rule = fmt::format("rule-{}", i);
    const std::uint32_t before = group_of(rule, 3);
    const std::uint32_t after = group_of(rule, 4);
    if (before == after) continue;
    EXPECT_EQ(after, 4u) << rule;
    ++moved;
  }
  EXPECT_GT(moved, 0);
}

// Processes of different versions must agree: these numbers are part of the contract.
TEST(RuleGroupTest, TheHashNeverChanges) {
  EXPECT_EQ(group_of("slow-request", 3), 3u);
  EXPECT_EQ(group_of("charged-order-ships", 3), 2u);
  EXPECT_EQ(group_of("pii-read-audited", 1'000), 259u);
}

TEST(ParseRuleGroupTest, ReadsAGroupOfSome) {
  const auto group = parse_rule_group("2/3");
  ASSERT_TRUE(group.has_value());
  EXPECT_EQ(group->index, 2u);
  EXPECT_EQ(group->count, 3u);
  EXPECT_TRUE(parse_rule_group("1000/1000").has_value());
}

TEST(ParseRuleGroupTest, RefusesEverythingElse) {
  for (const char* text : {"", "2", "/", "0/3", "4/3", "1/0", "-1/3", "1/1001", "1/3/5", " 1/3",
                           "1/3 ", "a/b", "1/99999999999"}) {
    const auto group = parse_rule_group(text);
    ASSERT_FALSE(group.has_value()) << text;
    EXPECT_EQ(group.error().code, ErrorCode::InvalidArgument);
  }
  EXPECT_EQ(parse_rule_group("4/3").error().message,
            "'4/3' is not i/n with 1 <= i <= n <= 1000 (example: 2/3)");
}

}  // namespace
}  // namespace betrace::control
