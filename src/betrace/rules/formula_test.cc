// Goal: formulas are as small as they can be, and a guard is never absent where one can hold.

#include "betrace/rules/formula.h"

#include <gtest/gtest.h>

#include <random>

#include "betrace/base/test_seed.h"

namespace betrace::rules {
namespace {

using Literals = std::vector<std::uint32_t>;

Formula literal(std::uint32_t number, bool negated = false) {
  return literal_formula(number, negated);
}

// Literals 0 to 7 can be in guards, the least first; 8 and 9 cannot.
std::optional<std::uint32_t> rank_of_test(std::uint32_t number) {
  return number < 8 ? std::optional(number) : std::nullopt;
}

TEST(FormulaTest, LeavesOutWhatChangesNothing) {
  EXPECT_EQ(all_of({}).kind, Formula::Kind::True);
  EXPECT_EQ(any_of({}).kind, Formula::Kind::False);
  EXPECT_EQ(all_of({constant_formula(true), literal(3)}).kind, Formula::Kind::Literal);
  EXPECT_EQ(all_of({literal(3), constant_formula(false)}).kind, Formula::Kind::False);
  EXPECT_EQ(any_of({literal(3), constant_formula(true)}).kind, Formula::Kind::True);
  EXPECT_EQ(all_of({literal(1), all_of({literal(2), literal(3)})}).children.size(), 3U);
}

TEST(FormulaTest, GuardsAConjunctionByItsRarestLiteral) {
  EXPECT_EQ(guard_of(all_of({literal(5), literal(2), literal(7)}), rank_of_test), Literals{2});
  EXPECT_EQ(guard_of(all_of({literal(8), literal(4, true), literal(6)}), rank_of_test),
            Literals{6});
}

TEST(FormulaTest, GuardsADisjunctionByALiteralOfEveryPart) {
  EXPECT_EQ(guard_of(any_of({literal(5), all_of({literal(1), literal(2)})}), rank_of_test),
            (Literals{1, 5}));
  EXPECT_FALSE(guard_of(any_of({literal(5), literal(1, true)}), rank_of_test).has_value());
  EXPECT_EQ(guard_of(constant_formula(false), rank_of_test), Literals{});
}

Formula random_formula(std::mt19937_64* random, int depth) {
  const auto draw = [random](std::uint64_t below) { return (*random)() % below; };
  if (depth == 0 || draw(3) == 0) {
    return literal(static_cast<std::uint32_t>(draw(10)), draw(3) == 0);
  }
  std::vector<Formula> parts;
  for (std::uint64_t i = 1 + draw(3); i > 0; --i)
    parts.push_back(random_formula(random, depth - 1));
  return draw(2) == 0 ? all_of(std::move(parts)) : any_of(std::move(parts));
}

TEST(FormulaTest, NeverHoldsWithoutALiteralOfItsGuard) {
  const std::uint64_t seed = test_seed();
  std::mt19937_64 random(seed);
  int guarded = 0;
  for (int round = 0; round < 500; ++round) {
    const Formula formula = random_formula(&random, 3);
    const auto guard = guard_of(formula, rank_of_test);
    if (!guard) continue;
    ++guarded;
    for (std::uint32_t holding = 0; holding < 1024; ++holding) {
      const auto holds = [holding](std::uint32_t number) { return (holding >> number & 1U) != 0; };
      const bool is_met = std::any_of(guard->begin(), guard->end(), holds);
      ASSERT_TRUE(is_met || !evaluate(formula, holds)) << "BETRACE_SEED=" << seed;
    }
  }
  EXPECT_GT(guarded, 100);
}

}  // namespace
}  // namespace betrace::rules
