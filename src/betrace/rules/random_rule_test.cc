// Goal: what the language reference promises of every rule and every trace holds for random ones.
// Method: random rules over all constructs on random traces; rule_promises.h asks the evaluator the
// same thing in several ways. BETRACE_SEED repeats a run.

#include "betrace/rules/testing/random_rule.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <set>

#include "betrace/rules/naive_evaluator.h"
#include "betrace/rules/testing/conformance_spans.h"
#include "betrace/rules/testing/random_trace.h"
#include "betrace/rules/testing/rule_promises.h"
#include "betrace/rules/tree_walk.h"

namespace betrace::rules {
namespace {

constexpr int kRounds = 3'000;

std::uint64_t seed_of_run() {
  const char* text = std::getenv("BETRACE_SEED");
  const std::uint64_t seed =
      text != nullptr ? std::strtoull(text, nullptr, 10) : std::random_device()();
  fmt::print("BETRACE_SEED={}\n", seed);
  return seed;
}

/// What the rules were like: a generator that draws no joins, or nothing that matches, is weak.
struct Coverage {
  int loaded = 0;
  int matched = 0;
  int monotone = 0;
  std::set<Condition::Kind> conditions;
  std::set<Value::Kind> values;
  std::set<StructureMethod> methods;
  std::set<AggregateKind> aggregates;
  std::set<Firing> firings;

  void note(const CheckedRule& rule, bool is_match) {
    ++loaded;
    if (is_match) ++matched;
    if (rule.monotone) ++monotone;
    firings.insert(rule.firing);
    TreeVisitor visitor;
    visitor.on_condition = [this](const Condition& condition, int) {
      conditions.insert(condition.kind);
      if (condition.kind == Condition::Kind::Structure) methods.insert(condition.method);
    };
    visitor.on_value = [this](const Value& value, int) {
      values.insert(value.kind);
      if (value.kind == Value::Kind::Aggregate) aggregates.insert(value.aggregate);
    };
    walk(*rule.condition, visitor);
  }
};

TEST(RandomRuleTest, EveryPromiseIsKept) {
  const std::uint64_t seed = seed_of_run();
  RandomChoices choices(seed);
  Coverage coverage;
  for (int round = 0; round < kRounds; ++round) {
    const auto rule = check_rule(RandomRule(&choices).next());
    if (!rule) continue;
    const auto spans = random_trace(&choices);
    ASSERT_EQ(broken_promise(*rule, spans, &choices), "")
        << rule->text << "\nround " << round << " of BETRACE_SEED=" << seed;
    coverage.note(*rule, evaluate(*rule, link(spans)).matched);
  }
  fmt::print("{} rules: {} load, {} match, {} are monotone\n", kRounds, coverage.loaded,
             coverage.matched, coverage.monotone);
  EXPECT_GT(coverage.loaded, kRounds * 9 / 10);
  EXPECT_GT(coverage.matched, coverage.loaded / 5);
  EXPECT_LT(coverage.matched, coverage.loaded * 4 / 5);
  EXPECT_GT(coverage.monotone, coverage.loaded / 20);
  EXPECT_EQ(coverage.conditions.size(), 16u);
  EXPECT_EQ(coverage.values.size(), 25u);
  EXPECT_EQ(coverage.methods.size(), 8u);
  EXPECT_EQ(coverage.aggregates.size(), 7u);
  EXPECT_EQ(coverage.firings.size(), 3u);
}

}  // namespace
}  // namespace betrace::rules
