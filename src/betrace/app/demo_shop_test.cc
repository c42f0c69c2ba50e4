#include "betrace/app/demo_shop.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

// Goal: a seed says what happens in the shop, and no server takes a second run for the first.

namespace betrace::app {
namespace {

constexpr UnixNanos kEnd = 1'700'000'000'000'000'000;

std::string names_of(const ShopTrace& trace) {
  std::string names(trace.broken_rule);
  for (const model::KeptSpan& span : trace.spans) names += " " + std::string(span.view().name);
  return names;
}

std::string id_of(const ShopTrace& trace) { return trace.spans.front().view().trace_id.hex(); }

TEST(ShopTest, TheSameSeedTellsTheSameStoryUnderOtherTraceIds) {
  Shop first(9, 1, 0.5);
  Shop second(9, 2, 0.5);
  std::set<std::string> ids;
  for (int i = 0; i < 50; ++i) {
    const ShopTrace one = first.next(kEnd);
    const ShopTrace other = second.next(kEnd);
    EXPECT_EQ(names_of(one), names_of(other));
    ids.insert(id_of(one));
    ids.insert(id_of(other));
  }
  EXPECT_EQ(ids.size(), 100u);
}

TEST(ShopTest, TheSameRunGivesTheSameTraceIds) {
  Shop first(9, 7, 0.5);
  Shop second(9, 7, 0.5);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(id_of(first.next(kEnd)), id_of(second.next(kEnd)));
}

TEST(ShopTest, TheFaultRateIsTheShareOfTracesThatBreakARule) {
  Shop honest(1, 1, 0);
  Shop broken(1, 1, 1);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(honest.next(kEnd).broken_rule, "");
    EXPECT_NE(broken.next(kEnd).broken_rule, "");
  }
}

}  // namespace
}  // namespace betrace::app
