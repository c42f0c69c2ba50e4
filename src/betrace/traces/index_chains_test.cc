// Goal: each index is in one chain at most, and comes out in the order in which it went in.

#include "betrace/traces/index_chains.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <list>
#include <random>

#include "betrace/base/test_seed.h"

namespace betrace::traces {
namespace {

TEST(IndexChainsTest, GivesTheFirstOfAChain) {
  IndexChains chains(2);
  EXPECT_FALSE(chains.first(0).has_value());
  chains.resize(10);
  for (const std::uint32_t index : {7U, 3U}) chains.move_to_end(0, index);
  chains.move_to_end(1, 5);
  EXPECT_EQ(chains.first(0), 7U);
  EXPECT_EQ(chains.first(1), 5U);
  chains.move_to_end(0, 7);
  EXPECT_EQ(chains.first(0), 3U);
  chains.move_to_end(1, 3);
  EXPECT_EQ(chains.first(0), 7U);
  EXPECT_EQ(chains.first(1), 5U);
}

TEST(IndexChainsTest, NamesTheOneAfter) {
  IndexChains chains(2);
  chains.resize(10);
  for (const std::uint32_t index : {7U, 3U}) chains.move_to_end(1, index);
  EXPECT_EQ(chains.after(7), 3U);
  EXPECT_FALSE(chains.after(3).has_value());
}

TEST(IndexChainsTest, TakesOutWhatIsInNoChain) {
  IndexChains chains(1);
  chains.resize(3);
  chains.move_to_end(0, 1);
  chains.remove(2);
  chains.remove(1);
  chains.remove(1);
  EXPECT_FALSE(chains.first(0).has_value());
}

TEST(IndexChainsTest, AgreesWithListsWhileIndexesMove) {
  constexpr std::uint32_t kIndexes = 20;
  std::mt19937_64 random(test_seed());
  IndexChains chains(3);
  std::array<std::list<std::uint32_t>, 3> expected;
  for (int step = 0; step < 20'000; ++step) {
    if (step == 100) chains.resize(kIndexes);
    const auto count = step < 100 ? 5U : kIndexes;
    if (step == 0) chains.resize(count);
    const auto index = static_cast<std::uint32_t>(random() % count);
    for (auto& list : expected) list.remove(index);
    const auto chain = static_cast<std::uint32_t>(random() % 4);
    if (chain == 3) {
      chains.remove(index);
    } else {
      chains.move_to_end(chain, index);
      expected[chain].push_back(index);
    }
    for (std::uint32_t each = 0; each < 3; ++each) {
      const auto first = chains.first(each);
      ASSERT_EQ(first.has_value(), !expected[each].empty());
      if (first.has_value()) {
        ASSERT_EQ(*first, expected[each].front());
      }
    }
  }
}

}  // namespace
}  // namespace betrace::traces
