// Goal: the ratio forgets what is older than the window, and nothing else.

#include "betrace/engine/blind_window.h"

#include <gtest/gtest.h>

#include "betrace/engine/test_time.h"

namespace betrace::engine {
namespace {

using namespace std::chrono_literals;

RuleStatistics totals(std::uint64_t pass, std::uint64_t error) {
  RuleStatistics statistics;
  statistics.pass = pass;
  statistics.error = error;
  return statistics;
}

TEST(BlindWindowTest, CountsEverythingBeforeTheWindowIsFull) {
  BlindWindow window;
  RuleLedger::Statistics rules = {{"a", totals(3, 1)}};
  window.advance(at(0s).monotonic, rules);
  EXPECT_DOUBLE_EQ(window.since("a", rules["a"]).ratio(), 0.25);
  window.advance(at(299s).monotonic, rules);
  EXPECT_DOUBLE_EQ(window.since("a", rules["a"]).ratio(), 0.25);
}

TEST(BlindWindowTest, ForgetsWhatIsOlderThanTheWindow) {
  BlindWindow window;
  RuleLedger::Statistics rules = {{"a", totals(0, 10)}};
  window.advance(at(0s).monotonic, rules);
  window.advance(at(10s).monotonic, rules);
  rules["a"] = totals(30, 10);
  for (int second = 20; second <= 300; second += 10)
    window.advance(at(second * 1s).monotonic, rules);
  EXPECT_DOUBLE_EQ(window.since("a", rules["a"]).ratio(), 0) << "only the 30 that passed are left";
}

TEST(BlindWindowTest, ForgetsEverythingAfterALongPause) {
  BlindWindow window;
  const RuleLedger::Statistics rules = {{"a", totals(5, 5)}};
  window.advance(at(0s).monotonic, rules);
  window.advance(at(1h).monotonic, rules);
  EXPECT_DOUBLE_EQ(window.since("a", rules.at("a")).ratio(), 0);
}

TEST(BlindWindowTest, OfSeveralRulesTheEvaluationsAreAddedUp) {
  ShardStatistics statistics;
  statistics.rules["a"].recent = {2, 1};
  statistics.rules["b"].recent = {2, 0};
  EXPECT_DOUBLE_EQ(statistics.recent_blindness().ratio(), 0.25);
}

TEST(BlindWindowTest, StartsAnewForARuleThatCameBack) {
  BlindWindow window;
  RuleLedger::Statistics rules = {{"a", totals(100, 100)}};
  window.advance(at(0s).monotonic, rules);
  window.advance(at(10min).monotonic, rules);
  rules["a"] = totals(1, 1);
  EXPECT_DOUBLE_EQ(window.since("a", rules["a"]).ratio(), 0.5);
}

}  // namespace
}  // namespace betrace::engine
