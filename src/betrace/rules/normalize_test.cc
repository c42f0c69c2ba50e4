// Goal: one spelling for all texts with the same tokens.
// Method: texts and their normal forms. (Idempotence over the whole corpus is rule_corpus_test.cc.)

#include "betrace/rules/normalize.h"

#include <gtest/gtest.h>

#include <string>

#include "betrace/rules/checked_rule.h"

namespace betrace::rules {
namespace {

std::string normal(std::string_view text) {
  const auto rule = check_rule(text);
  return rule ? rule->normalized : std::string(name_of(rule.error().code));
}

TEST(NormalizeTest, LeavesWellWrittenTextAlone) {
  for (const char* text : {
           "span.duration > 1000",
           "not span.has(\"k\") and span.attributes[\"a\"][0] - -5 > -span.http.x * #span.name",
           "when { payment.charge.where(amount > 1000) } always { fraud.check } never { x }",
           "count(a.where(b not in [c, -1, 1.5s])) by (span.service, d.e) >= 5",
           "span.name.contains(\"a\") or span.name contains \"b\" or span.name not matches \"c\"",
           "(a or b) and not (c and d)",
           "count() > 1 and trace.percentile(span.duration, 95, a) > 5ms",
           "span.depth - -1 == - -span.depth",
           "contains and by and matches",
           "\"a\" in (span.attributes[\"l\"])",
       }) {
    EXPECT_EQ(normal(text), text);
  }
}

TEST(NormalizeTest, DropsCommentsAndSpace) {
  EXPECT_EQ(normal("-- c\n span . name==\"a\"/* d */and(  ! b  )// e"),
            "span.name == \"a\" and (not b)");
}

TEST(NormalizeTest, HasOneSpellingOfEachToken) {
  EXPECT_EQ(normal("! ! a"), "not not a");
  EXPECT_EQ(normal("span.a.b == null"), "span.a.b == nil");
  EXPECT_EQ(normal("span.a.null == 1"), "span.a.null == 1");
  EXPECT_EQ(normal("span.name : contains ( 'a' )"), "span.name.contains(\"a\")");
  EXPECT_EQ(normal("span.name == r\"a\\b\""), "span.name == \"a\\\\b\"");
  EXPECT_EQ(normal("span.name == 'a\\u0041\"'"), "span.name == \"aA\\\"\"");
}

TEST(NormalizeTest, KeepsAliasesParenthesesAndOrder) {
  EXPECT_EQ(normal("((span.operation_name == \"a\"))"), "((span.operation_name == \"a\"))");
  EXPECT_EQ(normal("trace.any(a) or trace.missing(b)"), "trace.any(a) or trace.missing(b)");
  EXPECT_EQ(normal("when { a } never { c } always { b }"), "when { a } never { c } always { b }");
  EXPECT_EQ(normal("span.duration > 60s"), "span.duration > 60s");
}

TEST(NormalizeTest, NeverMakesAComment) {
  EXPECT_EQ(normal("- - - span.depth == 1"), "- - -span.depth == 1");
  EXPECT_EQ(normal("1 - - - span.depth == 1"), "1 - - -span.depth == 1");
}

}  // namespace
}  // namespace betrace::rules
