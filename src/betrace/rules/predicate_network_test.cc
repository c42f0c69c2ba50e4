// Goal: the network finds whatever the plain evaluator finds, and says "impossible" only where that
// says no; what it lets a trace forget changes no verdict, witness or explanation.
// Method: small rule sets by hand; then random rules on random traces, whole and reduced to the
// spans that met a predicate. BETRACE_SEED repeats a run.

#include "betrace/rules/predicate_network.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>

#include "betrace/base/test_seed.h"
#include "betrace/rules/naive_evaluator.h"
#include "betrace/rules/testing/random_rule.h"
#include "betrace/rules/testing/random_trace.h"

namespace betrace::rules {
namespace {

using RulePtr = std::shared_ptr<const CheckedRule>;

RulePtr network_rule(const std::string& text) {
  auto rule = check_rule(text);
  if (!rule) return nullptr;
  return std::make_shared<const CheckedRule>(std::move(*rule));
}

std::shared_ptr<const PredicateNetwork> network_of(const std::vector<std::string>& texts,
                                                   const PredicateNetwork* previous = nullptr) {
  std::vector<NetworkRule> rules;
  for (const std::string& text : texts) rules.push_back({network_rule(text)});
  return std::make_shared<const PredicateNetwork>(std::move(rules), previous);
}

model::SpanView named(std::string_view name) {
  model::SpanView span;
  span.name = name;
  return span;
}

/// What the spans of a trace met, and what a trace may keep of them.
class MetTrace {
 public:
  MetTrace(const std::vector<model::KeptSpan>& spans, SpanMatcher* matcher) {
    for (const model::KeptSpan& span : spans) add(span.view(), matcher);
  }

  [[nodiscard]] bool may_violate(const RuleProgram& program, const TraceTotals& totals) const {
    return evaluate(program.may_violate, [&](std::uint32_t place) {
      const TraceLiteral& literal = program.literals[place];
      if (literal.kind == TraceLiteral::Kind::Totals) return totals_hold(*literal.test, totals);
      return count_of(literal.predicate) >= literal.at_least;
    });
  }

  [[nodiscard]] bool is_triggered(const RuleProgram& program) const {
    if (!program.triggers) return true;
    return std::ranges::any_of(*program.triggers,
                               [this](PredicateId id) { return count_of(id) > 0; });
  }

  // Only spans that met a predicate are there as they are.
  [[nodiscard]] LinkedTrace reduced(const TraceTotals& totals) const {
    std::vector<const model::SpanView*> views;
    for (const model::SpanView& span : reduced_) views.push_back(&span);
    return LinkedTrace(views, totals);
  }

 private:
  void add(const model::SpanView& span, SpanMatcher* matcher) {
    // A span that comes twice counts once.
    for (const model::SpanView& known : reduced_) {
      if (known.span_id == span.span_id) return;
    }
    const auto& met = matcher->match(span);
    for (const PredicateId id : met) ++counts_[id];
    model::SpanView shown = span;
    if (met.empty()) {
      shown = model::SpanView();
      shown.trace_id = span.trace_id;
      shown.span_id = span.span_id;
      shown.parent_span_id = span.parent_span_id;
      shown.start_time_unix_nano = span.start_time_unix_nano;
      shown.is_counted_only = true;
    }
    reduced_.push_back(shown);
  }

  [[nodiscard]] std::size_t count_of(PredicateId id) const {
    const auto found = counts_.find(id);
    return found == counts_.end() ? 0 : found->second;
  }

  std::map<PredicateId, std::size_t> counts_;
  std::deque<model::SpanView> reduced_;
};

TEST(PredicateNetworkTest, ThePredicateThatTwoRulesShareIsOne) {
  const auto network = network_of({"span.name == \"pay\" and span.kind == \"server\"",
                                   "trace.has(span.kind == \"server\" and span.name == \"pay\")"});
  EXPECT_EQ(network->predicate_count(), 1U);
  EXPECT_EQ(network->test_count(), 2U);
  EXPECT_EQ(network->text_of(0), "span.kind == \"server\" and span.name == \"pay\"");
}

TEST(PredicateNetworkTest, APredicateKeepsItsIdWhenRulesChange) {
  const auto first = network_of({"trace.has(a.b)", "trace.has(c.d)"});
  const auto second = network_of({"trace.has(e.f)", "trace.has(c.d)"}, first.get());
  const auto third = network_of({"trace.has(a.b)", "trace.has(c.d)"}, second.get());
  SpanMatcher before(first);
  SpanMatcher between(second);
  SpanMatcher after(third);
  const std::vector<PredicateId> id = before.match(named("c.d"));
  ASSERT_EQ(id.size(), 1U);
  EXPECT_EQ(between.match(named("c.d")), id);
  EXPECT_EQ(after.match(named("c.d")), id);
  const std::vector<PredicateId> old = before.match(named("a.b"));
  EXPECT_TRUE(between.match(named("a.b")).empty());
  EXPECT_NE(after.match(named("a.b")), old) << "an id that was given up is never used again";
}

TEST(PredicateNetworkTest, ARuleWithoutItsTriggerIsImpossible) {
  const auto rule = network_rule("when { payment.charge } always { fraud.check }");
  const PredicateNetwork network({{rule}}, nullptr);
  const RuleProgram& program = network.program_of(*rule);
  ASSERT_TRUE(program.triggers.has_value());
  ASSERT_EQ(program.triggers->size(), 1U);
  EXPECT_EQ(network.text_of(program.triggers->front()), "span.name == \"payment.charge\"");
  EXPECT_EQ(program.predicates.size(), 2U);
}

TEST(PredicateNetworkTest, ACountThatIsTooSmallIsImpossible) {
  const auto rule = network_rule("count(db.query) > 3");
  const PredicateNetwork network({{rule}}, nullptr);
  const RuleProgram& program = network.program_of(*rule);
  ASSERT_EQ(program.literals.size(), 1U);
  EXPECT_EQ(program.literals[0].at_least, 4U);
}

TEST(PredicateNetworkTest, ARuleThatReadsParentsKeepsEverySpan) {
  const auto rule = network_rule("span.duration > span.parent.duration * 0.8");
  const PredicateNetwork network({{rule}}, nullptr);
  const auto& predicates = network.program_of(*rule).predicates;
  EXPECT_TRUE(std::ranges::any_of(predicates,
                                  [&](PredicateId id) { return network.text_of(id) == "true"; }));
}

TEST(PredicateNetworkTest, OfEqualKeysTheFirstIsRead) {
  SpanMatcher matcher(network_of({"span.attributes[\"x\"] == \"b\""}));
  const std::array<model::AttributeView, 2> attributes = {
      {{"x", model::ValueView::string("a")}, {"x", model::ValueView::string("b")}}};
  model::SpanView span = named("work");
  span.attributes = attributes;
  EXPECT_TRUE(matcher.match(span).empty());
}

TEST(PredicateNetworkTest, TellsResourcesApartThatFollowEachOther) {
  SpanMatcher matcher(network_of({R"(span.resource["service.name"] == "cart")"}));
  const std::array<model::AttributeView, 1> cart = {
      {{"service.name", model::ValueView::string("cart")}}};
  const std::array<model::AttributeView, 1> shop = {
      {{"service.name", model::ValueView::string("shop")}}};
  const auto is_met = [&](model::AttributesView resource, std::uint64_t number) {
    model::SpanView span = named("work");
    span.resource = resource;
    span.resource_number = number;
    return !matcher.match(span).empty();
  };
  EXPECT_TRUE(is_met(cart, 1));
  EXPECT_TRUE(is_met(cart, 1));
  EXPECT_FALSE(is_met(shop, 2));
  EXPECT_FALSE(is_met(shop, 2));
  EXPECT_TRUE(is_met(cart, 1));
  EXPECT_FALSE(is_met(shop, 0)) << "a resource without number is always looked at";
  EXPECT_TRUE(is_met(cart, 0));
  EXPECT_TRUE(is_met(cart, 3));
  EXPECT_FALSE(is_met({}, 4));
}

/// One round of the random test: some rules and one trace.
class RandomRound {
 public:
  explicit RandomRound(std::uint64_t seed) : choices_(seed), random_rule_(&choices_) {
    while (rules_.size() < 6) {
      const RulePtr rule = network_rule(random_rule_.next());
      if (rule != nullptr) rules_.push_back(rule);
    }
    spans_ = random_trace(&choices_);
    for (const model::KeptSpan& span : spans_) views_.push_back(&span.view());
  }

  void check(int* impossible, int* violated) {
    std::vector<NetworkRule> all;
    for (const RulePtr& rule : rules_) all.push_back({rule});
    const auto network = std::make_shared<const PredicateNetwork>(std::move(all), nullptr);
    SpanMatcher matcher(network);
    const LinkedTrace whole(views_);
    const MetTrace met(spans_, &matcher);
    const LinkedTrace reduced = met.reduced(whole.totals());
    for (const RulePtr& rule : rules_) {
      SCOPED_TRACE(rule->text);
      const RuleProgram& program = network->program_of(*rule);
      if (rule->scope == Scope::Span) {
        check_span_rule(*rule, program, &matcher);
        continue;
      }
      const Evaluation truth = evaluate(*rule, whole);
      if (!truth.evaluated) continue;
      if (truth.matched) ++*violated;
      if (!met.may_violate(program, whole.totals())) {
        ++*impossible;
        EXPECT_FALSE(truth.matched) << "called impossible";
      }
      EXPECT_TRUE(met.is_triggered(program) || !truth.matched) << "not triggered";
      compare(*rule, whole, truth, reduced);
    }
  }

 private:
  void check_span_rule(const CheckedRule& rule, const RuleProgram& program, SpanMatcher* matcher) {
    for (const model::SpanView* span : views_) {
      const auto& ids = matcher->match(*span);
      const bool is_met = std::ranges::binary_search(ids, *program.span_predicate);
      EXPECT_EQ(is_met, matches_span(rule, *span));
    }
  }

  static void compare(const CheckedRule& rule, const LinkedTrace& whole, const Evaluation& truth,
                      const LinkedTrace& reduced) {
    const Evaluation answer = evaluate(rule, reduced);
    EXPECT_EQ(answer.matched, truth.matched);
    EXPECT_EQ(answer.violating, truth.violating);
    EXPECT_EQ(answer.witnesses, truth.witnesses);
    if (!truth.matched || !answer.matched) return;
    const std::uint32_t anchor = truth.violating.empty() ? 0 : truth.violating.front();
    const auto wanted = explain(rule, whole, anchor);
    const auto found = explain(rule, reduced, anchor);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      EXPECT_EQ(found[i].value, wanted[i].value) << rule.clauses[i].text;
      EXPECT_EQ(found[i].spans, wanted[i].spans) << rule.clauses[i].text;
    }
  }

  RandomChoices choices_;
  RandomRule random_rule_;
  std::vector<RulePtr> rules_;
  std::vector<model::KeptSpan> spans_;
  std::vector<const model::SpanView*> views_;
};

TEST(PredicateNetworkTest, AgreesWithThePlainEvaluatorOnRandomRulesAndTraces) {
  const std::uint64_t seed = test_seed();
  int impossible = 0;
  int violated = 0;
  for (std::uint64_t round = 0; round < 2'000 && !HasFailure(); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    RandomRound(seed + round).check(&impossible, &violated);
  }
  EXPECT_GT(impossible, 500) << "the programs rule nothing out";
  EXPECT_GT(violated, 500);
}

}  // namespace
}  // namespace betrace::rules
