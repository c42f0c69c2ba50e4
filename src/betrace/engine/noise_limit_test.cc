// Goal: what is allowed follows the two buckets exactly, and what is held back is summed up.

#include "betrace/engine/noise_limit.h"

#include <gtest/gtest.h>

#include "betrace/engine/test_time.h"

namespace betrace::engine {
namespace {

using namespace std::chrono_literals;

constexpr NoiseLimits kLimits = {.enabled = true, .per_rule = {10, 20}, .total = {100, 30}};

int allowed(NoiseLimit* limit, const char* rule, int count, const Now& now) {
  int allowed = 0;
  for (int i = 0; i < count; ++i) allowed += limit->allow(rule, now) ? 1 : 0;
  return allowed;
}

TEST(NoiseLimitTest, AllowsTheBurstOfARuleThenItsRate) {
  NoiseLimit limit(kLimits, {});
  EXPECT_EQ(allowed(&limit, "a", 100, at(0s)), 20);
  EXPECT_EQ(allowed(&limit, "a", 100, at(100ms)), 1);
  EXPECT_EQ(allowed(&limit, "a", 100, at(1100ms)), 10);
  EXPECT_EQ(allowed(&limit, "a", 100, at(100s)), 20) << "the bucket holds no more";
}

TEST(NoiseLimitTest, BoundsTheSumOfAllRules) {
  NoiseLimit limit(kLimits, {});
  EXPECT_EQ(allowed(&limit, "a", 20, at(0s)), 20);
  EXPECT_EQ(allowed(&limit, "b", 20, at(0s)), 10);
  EXPECT_EQ(allowed(&limit, "c", 20, at(0s)), 0);
}

TEST(NoiseLimitTest, TakesNothingFromARuleThatTheSumHoldsBack) {
  NoiseLimit limit(kLimits, {});
  EXPECT_EQ(allowed(&limit, "a", 20, at(0s)), 20);
  EXPECT_EQ(allowed(&limit, "b", 40, at(0s)), 10);
  EXPECT_EQ(allowed(&limit, "b", 40, at(300ms)), 13) << "10 left in its bucket, 3 refilled";
}

TEST(NoiseLimitTest, ARuleThatSpentItsBucketIsSilentForHalfASecond) {
  NoiseLimit limit(kLimits, {});
  EXPECT_EQ(allowed(&limit, "a", 20, at(0s)), 20);
  EXPECT_TRUE(limit.silent_rules().empty());
  const std::uint64_t before = limit.silence_edition();
  EXPECT_EQ(allowed(&limit, "a", 2, at(1ms)), 0);
  EXPECT_EQ(limit.silent_rules(), std::vector<std::string>{"a"});
  const std::uint64_t silent = limit.silence_edition();
  EXPECT_NE(silent, before);
  limit.advance(at(501ms - 1ns));
  EXPECT_EQ(limit.silence_edition(), silent);
  limit.advance(at(501ms));
  EXPECT_NE(limit.silence_edition(), silent);
  EXPECT_TRUE(limit.silent_rules().empty());
  EXPECT_EQ(allowed(&limit, "a", 20, at(501ms)), 5) << "the bucket filled meanwhile";
  EXPECT_EQ(limit.silent_rules().size(), 1U) << "and it is silent again";
}

TEST(NoiseLimitTest, SilenceLastsUntilTheBucketHoldsAToken) {
  NoiseLimits slow = kLimits;
  slow.per_rule = {0.5, 1};
  NoiseLimit limit(slow, {});
  EXPECT_EQ(allowed(&limit, "a", 2, at(0s)), 1);
  limit.advance(at(2s - 1ns));
  EXPECT_EQ(limit.silent_rules().size(), 1U);
  limit.advance(at(2s));
  EXPECT_TRUE(limit.silent_rules().empty());
}

TEST(NoiseLimitTest, SilenceEndsWhenTheBucketIsFullSoThatTheRateIsKept) {
  NoiseLimits small = kLimits;
  small.per_rule = {100, 5};
  NoiseLimit limit(small, {});
  EXPECT_EQ(allowed(&limit, "a", 6, at(0s)), 5);
  limit.advance(at(50ms - 1ns));
  EXPECT_EQ(limit.silent_rules().size(), 1U);
  limit.advance(at(50ms));
  EXPECT_TRUE(limit.silent_rules().empty());
}

TEST(NoiseLimitTest, ARuleThatTheSumHoldsBackIsNotSilent) {
  NoiseLimit limit(kLimits, {});
  EXPECT_EQ(allowed(&limit, "a", 20, at(0s)), 20);
  EXPECT_EQ(allowed(&limit, "b", 19, at(0s)), 10);
  EXPECT_TRUE(limit.silent_rules().empty());
}

TEST(NoiseLimitTest, SumsUpWhatIsHeldBackUnasked) {
  std::vector<SuppressionSummary> summaries;
  NoiseLimit limit(kLimits,
                   [&](const SuppressionSummary& summary) { summaries.push_back(summary); });
  EXPECT_EQ(allowed(&limit, "a", 21, at(1s)), 20);
  limit.hold_back("a", 1'000, at(2s));
  limit.hold_back("b", 7, at(3s));
  limit.flush();
  ASSERT_EQ(summaries.size(), 2U);
  EXPECT_EQ(summaries[0].count, 1'001U);
  EXPECT_EQ(summaries[0].since, at(1s).wall);
  EXPECT_EQ(summaries[0].until, at(2s).wall);
  EXPECT_EQ(summaries[1].count, 7U);
}

TEST(NoiseLimitTest, HoldsNothingBackWhenItIsOff) {
  NoiseLimits limits = kLimits;
  limits.enabled = false;
  NoiseLimit limit(limits, {});
  EXPECT_EQ(allowed(&limit, "a", 10'000, at(0s)), 10'000);
}

TEST(NoiseLimitTest, ARateOfZeroIsNoBoundAndTheOtherOneStillHolds) {
  NoiseLimits limits = kLimits;
  limits.per_rule = {};
  NoiseLimit total_only(limits, {});
  EXPECT_EQ(allowed(&total_only, "a", 100, at(0s)), 30);
  limits.total = {};
  NoiseLimit none(limits, {});
  EXPECT_EQ(allowed(&none, "a", 10'000, at(0s)), 10'000);
  limits.per_rule = kLimits.per_rule;
  NoiseLimit rule_only(limits, {});
  EXPECT_EQ(allowed(&rule_only, "a", 100, at(0s)), 20);
}

TEST(NoiseLimitTest, IsNotFooledByAClockThatGoesBack) {
  NoiseLimit limit(kLimits, {});
  EXPECT_EQ(allowed(&limit, "a", 100, at(10s)), 20);
  EXPECT_EQ(allowed(&limit, "a", 100, at(1s)), 0);
}

TEST(NoiseLimitTest, SumsUpPerRuleAndMinute) {
  std::vector<SuppressionSummary> summaries;
  NoiseLimit limit(kLimits,
                   [&](const SuppressionSummary& summary) { summaries.push_back(summary); });
  EXPECT_EQ(allowed(&limit, "a", 25, at(10s)), 20);
  EXPECT_EQ(allowed(&limit, "a", 3, at(10s)), 0);
  limit.advance(at(70s - 1ns));
  EXPECT_TRUE(summaries.empty());
  limit.advance(at(70s));
  ASSERT_EQ(summaries.size(), 1U);
  EXPECT_EQ(summaries[0].rule_id, "a");
  EXPECT_EQ(summaries[0].count, 8U);
  EXPECT_EQ(summaries[0].since, at(10s).wall);
  limit.advance(at(200s));
  EXPECT_EQ(summaries.size(), 1U);
}

TEST(NoiseLimitTest, ReportsTheRestAtTheEnd) {
  std::vector<SuppressionSummary> summaries;
  NoiseLimit limit(kLimits,
                   [&](const SuppressionSummary& summary) { summaries.push_back(summary); });
  EXPECT_EQ(allowed(&limit, "a", 21, at(0s)), 20);
  EXPECT_EQ(allowed(&limit, "b", 21, at(0s)), 10);
  limit.flush();
  ASSERT_EQ(summaries.size(), 2U);
  EXPECT_EQ(summaries[0].count + summaries[1].count, 12U);
  limit.flush();
  EXPECT_EQ(summaries.size(), 2U);
}

TEST(NoiseLimitTest, CountsEveryDecisionOnce) {
  std::uint64_t suppressed = 0;
  NoiseLimit limit(kLimits, [&](const SuppressionSummary& s) { suppressed += s.count; });
  int recorded = 0;
  for (int i = 0; i < 5'000; ++i) {
    const Now now = at(i * 37ms);
    recorded += limit.allow(i % 3 == 0 ? "a" : "b", now) ? 1 : 0;
    limit.advance(now);
  }
  limit.flush();
  EXPECT_EQ(static_cast<std::uint64_t>(recorded) + suppressed, 5'000U);
}

}  // namespace
}  // namespace betrace::engine
