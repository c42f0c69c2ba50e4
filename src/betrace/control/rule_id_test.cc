// Goal: every rule has an id that is safe as a file name and in a path.

#include "betrace/control/rule_id.h"

#include <gtest/gtest.h>

namespace betrace::control {
namespace {

TEST(RuleIdTest, AcceptsTheGrammar) {
  for (const char* id : {"a", "_x", "9", "pii.v1_2-b", "A"}) EXPECT_TRUE(is_rule_id(id)) << id;
  EXPECT_TRUE(is_rule_id(std::string(128, 'a')));
}

TEST(RuleIdTest, RefusesPathsReservedWordsAndLongTexts) {
  for (const char* id :
       {"", ".a", "-a", "a/b", "../a", "a b", "\u00e9", "validate", "test", "import", "export"}) {
    EXPECT_FALSE(is_rule_id(id)) << id;
  }
  EXPECT_FALSE(is_rule_id(std::string(129, 'a')));
  EXPECT_FALSE(is_rule_id(std::string_view("a\0b", 3)));
}

TEST(RuleIdTest, KeepsANameThatIsALegalId) {
  EXPECT_EQ(rule_id_for_name("Pii.Check"), "Pii.Check");
}

TEST(RuleIdTest, MakesASlug) {
  EXPECT_EQ(rule_id_for_name("  PII without audit! (v2) "), "pii-without-audit-v2");
  EXPECT_EQ(rule_id_for_name("caf\u00e9 slow"), "caf-slow");
  EXPECT_EQ(rule_id_for_name(std::string(126, 'a') + " b c"), std::string(126, 'a') + "-b");
}

TEST(RuleIdTest, FallsBackToADigest) {
  EXPECT_EQ(rule_id_for_name("\u65e5\u672c").substr(0, 5), "rule-");
  EXPECT_EQ(rule_id_for_name("\u65e5\u672c").size(), 13u);
  EXPECT_EQ(rule_id_for_name("Test").substr(0, 4), "Test");
  EXPECT_EQ(rule_id_for_name("test").substr(0, 5), "rule-");
}

}  // namespace
}  // namespace betrace::control
