// Goal: the whole way from text to a checked rule: what is refused unread, where mistakes are, and
// what a rule says about itself.
// Method: rules by hand. (The language itself is checked row by row in rule_corpus_test.cc.)

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "betrace/rules/checked_rule.h"
#include "betrace/rules/tree_text.h"

namespace betrace::rules {
namespace {

using Words = std::vector<std::string>;

CheckedRule checked(std::string_view text) {
  auto rule = check_rule(text);
  EXPECT_TRUE(rule.has_value()) << text << ": " << rule.error().message;
  return rule ? std::move(*rule) : CheckedRule{};
}

Diagnostic refused(std::string_view text) {
  const auto rule = check_rule(text);
  EXPECT_FALSE(rule.has_value()) << text;
  return rule ? Diagnostic{} : rule.error();
}

TEST(CheckRuleTest, RefusesTextWithoutTokens) {
  for (const char* text : {"", " ", "\n\t\r\n", "-- x", "/* x */"}) {
    EXPECT_EQ(refused(text).code, Code::E_EMPTY) << text;
    EXPECT_EQ(refused(text).message, "the rule is empty");
  }
}

TEST(CheckRuleTest, RefusesInvalidUtf8AtItsFirstByte) {
  EXPECT_EQ(refused("\xff").code, Code::E_UTF8);
  const Diagnostic diagnostic = refused("span.name == \"é\xc3(\"");
  EXPECT_EQ(diagnostic.code, Code::E_UTF8);
  EXPECT_EQ(diagnostic.message, "the rule is not valid UTF-8");
  EXPECT_EQ(diagnostic.range.offset, 16u);
  EXPECT_EQ(diagnostic.column, 16u);
  EXPECT_EQ(refused("a -- \xed\xa0\x80").code, Code::E_UTF8);
}

TEST(CheckRuleTest, RefusesALongTextBeforeLookingAtIt) {
  EXPECT_EQ(refused(std::string(65'537, '\xff')).code, Code::E_LIMIT);
  EXPECT_EQ(refused(std::string(65'536, '\xff')).code, Code::E_UTF8);
  EXPECT_EQ(refused(std::string(65'536, ' ')).code, Code::E_EMPTY);
}

TEST(CheckRuleTest, GivesPlacesInBytesAndCharacters) {
  const Diagnostic diagnostic = refused("\"é\"\nand span.foo == 1");
  EXPECT_EQ(diagnostic.range.offset, 9u);
  EXPECT_EQ(diagnostic.range.length, 8u);
  EXPECT_EQ(diagnostic.line, 2u);
  EXPECT_EQ(diagnostic.column, 5u);
}

TEST(CheckRuleTest, GivesPlacesOfWarnings) {
  const CheckedRule rule = checked("a\nor span.duration > 1000");
  ASSERT_EQ(rule.warnings.size(), 1u);
  EXPECT_EQ(rule.warnings[0].line, 2u);
  EXPECT_EQ(rule.warnings[0].column, 20u);
  EXPECT_EQ(rule.warnings[0].range.offset, 21u);
  EXPECT_EQ(rule.warnings[0].range.length, 4u);
}

TEST(CheckRuleTest, KeepsTheTextAsGiven) {
  EXPECT_EQ(checked(" a -- b").text, " a -- b");
  EXPECT_EQ(checked(" a -- b").normalized, "a");
}

void expect_clauses(std::string_view text, const Words& texts, const Words& meanings) {
  const CheckedRule rule = checked(text);
  Words clause_texts, clause_meanings;
  for (const RuleClause& clause : rule.clauses) {
    clause_texts.push_back(clause.text);
    clause_meanings.push_back(tree_text(*clause.condition));
  }
  EXPECT_EQ(clause_texts, texts) << text;
  EXPECT_EQ(clause_meanings, meanings) << text;
}

TEST(RuleClauseTest, IsABlockOrAnOperandOrTheWholeRule) {
  expect_clauses("when { a }\nnever { c } always { count(b) > 1 }", {"a", "count(b) > 1", "c"},
                 {"trace.has(span.name == \"a\")", "count(span.name == \"b\") > 1",
                  "trace.has(span.name == \"c\")"});
  expect_clauses("span.is_root  and ! a -- x", {"span.is_root", "not a"},
                 {"span.is_root", "not trace.has(span.name == \"a\")"});
  expect_clauses("a or b and c", {"a", "b and c"},
                 {"trace.has(span.name == \"a\")",
                  "trace.has(span.name == \"b\") and trace.has(span.name == \"c\")"});
  expect_clauses("span.name\n == 'a'", {"span.name == \"a\""}, {"span.name == \"a\""});
}

TEST(RuleClauseTest, IsCutBetweenCharacters) {
  std::string name;
  for (int i = 0; i < 200; ++i) name += "é";
  const CheckedRule rule = checked("\"" + name + "\"");
  ASSERT_EQ(rule.clauses.size(), 1u);
  EXPECT_EQ(rule.clauses[0].text.size(), 255u);
}

TEST(RuleClauseTest, PointsIntoTheConditionAlsoAfterAMove) {
  CheckedRule rule = checked("a and b");
  const CheckedRule moved = std::move(rule);
  ASSERT_EQ(moved.clauses.size(), 2u);
  EXPECT_EQ(moved.clauses[1].condition, moved.condition->children[1].get());
}

TEST(FieldsTest, AreWhatTheRuleReads) {
  EXPECT_EQ(checked("span.duration > 5s").fields, Words{"span.duration"});
  EXPECT_EQ(checked("a.where(b > 1)").fields, (Words{"span.attributes[\"b\"]", "span.name"}));
  EXPECT_EQ(checked("span.parent.http.route == trace.root.scope.name").fields,
            (Words{"span.parent.attributes[\"http.route\"]", "trace.root.scope.name"}));
  EXPECT_EQ(checked("span.is_root and trace.has(span.kind == anchor.kind)").fields,
            (Words{"span.is_root", "span.kind"}));
  EXPECT_EQ(checked("span.events.any(a.b > 1) and span.links.count() > trace.span_count").fields,
            (Words{"event.attributes[\"a.b\"]", "span.events", "span.links", "trace.span_count"}));
  EXPECT_EQ(checked("\"k\" in span.attributes and \"k\" in resource").fields,
            (Words{"span.attributes", "span.resource"}));
}

TEST(FieldsTest, KeysAreThoseOfSpansAndResources) {
  EXPECT_EQ(checked("span.http.route == resource.k and span.events.any(e == 1)").attribute_keys,
            (Words{"http.route", "k"}));
  EXPECT_EQ(checked("count() by (service.name) > 1").attribute_keys, Words{"service.name"});
  EXPECT_EQ(checked("a.duration > 5s").attribute_keys, Words{});
}

TEST(CostTest, GrowsWithWhatIsTested) {
  EXPECT_EQ(checked("span.duration > 1000").estimated_cost, 2u);
  EXPECT_EQ(checked("true").estimated_cost, 1u);
  EXPECT_GT(checked("span.name matches \"a\"").estimated_cost,
            checked("span.name == \"a\"").estimated_cost);
  EXPECT_GT(checked("trace.has(a and span.has_child(b))").estimated_cost,
            checked("trace.has(a) and trace.has(b)").estimated_cost);
}

TEST(CostTest, DoesNotOverflowHoweverDeepTheRule) {
  std::string text;
  for (int i = 0; i < 120; ++i) text += "trace.has(b and ";
  text += "c" + std::string(120, ')');
  EXPECT_EQ(checked(text).estimated_cost, 1'000'000u);
}

// The deepest trees that the parser lets through go through every later stage.
TEST(CheckRuleTest, TakesTheHighestTree) {
  std::string sum = "span.attributes[\"a\"]";
  for (int i = 0; i < 990; ++i) sum += " + span.attributes[\"a\"]";
  EXPECT_EQ(checked(sum + " > 1").scope, Scope::Span);
  std::string nested;
  for (int i = 0; i < 128; ++i) nested += "span.has_child(not span.name == \"a\" and ";
  nested += "true" + std::string(128, ')');
  EXPECT_EQ(checked(nested).scope, Scope::Mixed);
}

TEST(NameTest, ScopesAndFirings) {
  EXPECT_EQ(name_of(Scope::Span), "span");
  EXPECT_EQ(name_of(Scope::Trace), "trace");
  EXPECT_EQ(name_of(Scope::Mixed), "mixed");
  EXPECT_EQ(name_of(Firing::OnArrival), "on arrival");
  EXPECT_EQ(name_of(Firing::Early), "early");
  EXPECT_EQ(name_of(Firing::AtClose), "at close");
}

}  // namespace
}  // namespace betrace::rules
