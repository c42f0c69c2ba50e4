// Goal: the step budget, what is remembered to save it, single spans, and explanations.
// Method: large traces of equal spans; results on small ones are tested by the cases in
// tests/rules.

#include "betrace/rules/naive_evaluator.h"

#include <gtest/gtest.h>

#include <string>

#include "betrace/base/check.h"
#include "betrace/rules/testing/conformance_spans.h"
#include "betrace/rules/testing/trace_sketch.h"

namespace betrace::rules {
namespace {

CheckedRule rule_of(const std::string& text) {
  auto rule = check_rule(text);
  if (!rule) ADD_FAILURE() << text.substr(0, 200) << ": " << rule.error().message;
  BETRACE_CHECK(rule.has_value());
  return std::move(*rule);
}

// `count` spans in a row, names x0 x1 x2 x0 ..., each the child of the one before its tenth.
class LargeTrace {
 public:
  explicit LargeTrace(std::size_t count) : names_{"x0", "x1", "x2"}, spans_(count) {
    for (std::size_t i = 0; i < count; ++i) {
      model::SpanView& span = spans_[i];
      span.trace_id.bytes[0] = 1;
      set_id(i + 1, &span.span_id);
      set_id((i + 9) / 10, &span.parent_span_id);
      span.name = names_[i % 3];
      span.start_time_unix_nano = 10 * i;
      span.end_time_unix_nano = 10 * i + 5;
    }
  }

  [[nodiscard]] LinkedTrace linked() const {
    std::vector<const model::SpanView*> views;
    for (const model::SpanView& span : spans_) views.push_back(&span);
    return LinkedTrace(views);
  }

 private:
  static void set_id(std::size_t number, model::SpanId* id) {
    for (std::size_t byte = 0; byte < 4; ++byte) {
      id->bytes[7 - byte] = static_cast<std::uint8_t>(number >> (8 * byte));
    }
  }

  std::string names_[3];
  std::vector<model::SpanView> spans_;
};

class LargeTraceTest : public testing::Test {
 protected:
  Evaluation evaluated(const std::string& text) const { return evaluate(rule_of(text), trace_); }

  LargeTrace spans_{10'000};
  LinkedTrace trace_ = spans_.linked();
};

TEST_F(LargeTraceTest, AClauseThatDoesNotMentionTheSpanOutsideIsDecidedOnce) {
  const Evaluation result = evaluated("span.name == \"x0\" and not trace.has(y)");
  ASSERT_TRUE(result.evaluated);
  EXPECT_EQ(result.violating.size(), 3'334u);
  EXPECT_LE(result.steps, 20'000u);
}

TEST_F(LargeTraceTest, AnAggregateThatDoesNotMentionTheSpanOutsideIsCalculatedOnce) {
  const Evaluation result = evaluated("trace.has(span.duration > avg(span.duration) * 2)");
  ASSERT_TRUE(result.evaluated);
  EXPECT_FALSE(result.matched);
  EXPECT_LE(result.steps, 20'000u);
}

TEST_F(LargeTraceTest, StructureAndOrderStayFarBelowTheBudget) {
  for (const char* text : {
           "span.name == \"x0\" and not span.preceded_by(y)",
           "span.name == \"x0\" and not span.has_sibling(y)",
           "count(x0 and span.preceded_by(x1, 1us)) > 20",
           "trace.has(x0 and span.has_ancestor(x1 and span.has_descendant(x2)))",
           "when { span.name == \"x1\" } always { span.followed_by(x0, 30ns) }",
       }) {
    EXPECT_TRUE(evaluated(text).evaluated) << text;
  }
}

TEST_F(LargeTraceTest, AJoinTestsOnlyTheSpansThatFitItsOtherParts) {
  // Of 10,000 x 10,000 pairs only 3,334 x 0 have to be compared.
  const Evaluation result = evaluated(
      "span.name == \"x0\" and not trace.has(span.name == \"y\" and "
      "span.start_time == anchor.start_time)");
  ASSERT_TRUE(result.evaluated);
  EXPECT_EQ(result.violating.size(), 3'334u);
}

TEST_F(LargeTraceTest, AJoinOfAllWithAllSpendsTheBudgetAndIsNotEvaluated) {
  const Evaluation result =
      evaluated("span.duration > 0ns and trace.has(span.end_time < anchor.start_time - 1000000)");
  EXPECT_FALSE(result.evaluated);
  EXPECT_FALSE(result.matched);
  EXPECT_TRUE(result.witnesses.empty());
}

TEST_F(LargeTraceTest, ANegationDoesNotTurnASpentBudgetIntoAMatch) {
  const Evaluation result = evaluated(
      "span.duration > 0ns and not trace.has(span.end_time < anchor.start_time - 1000000)");
  EXPECT_FALSE(result.evaluated);
  EXPECT_FALSE(result.matched);
}

TEST(EvaluateTest, TheBudgetIsSpentAfterExactlyItsNumberOfTests) {
  const auto spans = spans_of_sketch("1 a\n2 b\n3 c\n4 d");
  const LinkedTrace trace = link(spans);
  const CheckedRule rule = rule_of("span.name == \"z\"");
  EXPECT_TRUE(evaluate(rule, trace, 4).evaluated);
  EXPECT_EQ(evaluate(rule, trace, 4).steps, 4u);
  EXPECT_FALSE(evaluate(rule, trace, 3).evaluated);
}

TEST(EvaluateTest, ALongSumDoesNotDeepenTheStack) {
  const auto spans = spans_of_sketch("1 a {\"n\": 1}");
  std::string text = "span.attributes[\"n\"]";
  for (int i = 0; i < 900; ++i) text += " + 1";
  const CheckedRule rule = rule_of(text + " == 901");
  EXPECT_TRUE(evaluate(rule, link(spans)).matched);
}

TEST(EvaluateTest, BytesCompareAsBase64Text) {
  const model::AttributeView attribute = {"raw", model::ValueView::bytes("abc")};
  model::SpanView span;
  span.attributes = {&attribute, 1};
  EXPECT_TRUE(matches_span(rule_of("span.attributes[\"raw\"] == \"YWJj\""), span));
}

TEST(MatchesSpanTest, AgreesWithTheEvaluationOfTheWholeTrace) {
  const auto spans = spans_of_sketch(
      "1 a 0..5 {\"k\": 7} event e 3\n2 b 1..9 parent 1 kind server\n3 c 2..2 status error");
  const LinkedTrace trace = link(spans);
  for (const char* text :
       {"span.attributes[\"k\"] == 7", "span.kind == \"server\"", "span.status == \"error\"",
        "span.is_root", "span.events.any(e)", "span.duration > 4ns", "not span.has(\"k\")"}) {
    const CheckedRule rule = rule_of(text);
    std::vector<std::uint32_t> matching;
    for (std::uint32_t i = 0; i < trace.size(); ++i) {
      if (matches_span(rule, trace.span(i))) matching.push_back(i);
    }
    EXPECT_EQ(evaluate(rule, trace).violating, matching) << text;
  }
}

TEST(ExplainTest, EachClauseSaysItsTruthAndWhatItCites) {
  const auto spans = spans_of_sketch("1 pay\n2 retry\n3 retry");
  const CheckedRule rule = rule_of("when { pay } always { fraud } never { retry }");
  const auto clauses = explain(rule, link(spans), 0);
  ASSERT_EQ(clauses.size(), 3u);
  EXPECT_TRUE(clauses[0].value);
  EXPECT_EQ(clauses[0].spans, std::vector<std::uint32_t>{0});
  EXPECT_FALSE(clauses[1].value);
  EXPECT_TRUE(clauses[1].spans.empty());
  EXPECT_TRUE(clauses[2].value);
  EXPECT_EQ(clauses[2].spans, (std::vector<std::uint32_t>{1, 2}));
}

TEST(ExplainTest, AClauseCitesAtMostThirtyTwoSpans) {
  const LargeTrace spans(100);
  const auto clauses = explain(rule_of("trace.has(x0)"), spans.linked(), 0);
  ASSERT_EQ(clauses.size(), 1u);
  EXPECT_EQ(clauses[0].spans.size(), 32u);
}

TEST(ExplainTest, AClauseThatSpendsTheBudgetSaysSo) {
  const LargeTrace spans(100);
  const auto clauses = explain(rule_of("trace.has(y)"), spans.linked(), 0, 10);
  ASSERT_EQ(clauses.size(), 1u);
  EXPECT_FALSE(clauses[0].evaluated);
  EXPECT_FALSE(clauses[0].value);
}

}  // namespace
}  // namespace betrace::rules
