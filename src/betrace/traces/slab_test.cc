// Goal: an index is used by one at a time, objects stay where they are, and an empty slab is small.

#include "betrace/traces/slab.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "betrace/base/test_seed.h"

namespace betrace::traces {
namespace {

TEST(SlabTest, TakesTheLowestFreeIndex) {
  Slab<int> slab;
  for (std::uint32_t index = 0; index < 200; ++index) EXPECT_EQ(slab.take(), index);
  for (const std::uint32_t index : {150U, 3U, 70U}) slab.give_back(index);
  EXPECT_EQ(slab.take(), 3U);
  EXPECT_EQ(slab.take(), 70U);
  EXPECT_EQ(slab.take(), 150U);
  EXPECT_EQ(slab.take(), 200U);
}

TEST(SlabTest, KeepsAnObjectInItsPlace) {
  Slab<int> slab;
  const std::uint32_t first = slab.take();
  int* place = &slab[first];
  for (int i = 0; i < 10'000; ++i) (void)slab.take();
  EXPECT_EQ(&slab[first], place);
}

TEST(SlabTest, GivesChunksBackWhenTheEndIsFree) {
  Slab<int> slab;
  for (std::uint32_t index = 0; index < 10'000; ++index) (void)slab.take();
  EXPECT_GE(slab.capacity(), 10'000U);
  for (std::uint32_t index = 0; index < 10'000; ++index) slab.give_back(index);
  EXPECT_LE(slab.capacity(), 2 * Slab<int>::kChunk);
  EXPECT_EQ(slab.spare(), 0U);
  EXPECT_EQ(slab.take(), 0U);
}

TEST(SlabTest, AgreesWithASetWhileIndexesComeAndGo) {
  std::mt19937_64 random(test_seed());
  Slab<int> slab;
  std::set<std::uint32_t> used;
  for (int step = 0; step < 100'000; ++step) {
    const bool is_shrinking = step / 20'000 % 2 == 1;
    const bool gives_back = !used.empty() && random() % 10 < (is_shrinking ? 7U : 3U);
    if (gives_back) {
      const auto at = used.lower_bound(static_cast<std::uint32_t>(random() % (*used.rbegin() + 1)));
      slab.give_back(*at);
      used.erase(at);
    } else {
      std::uint32_t lowest = 0;
      if (step % 64 == 0) {
        while (used.contains(lowest)) ++lowest;
      }
      const std::uint32_t index = slab.take();
      if (step % 64 == 0) {
        ASSERT_EQ(index, lowest);
      }
      ASSERT_TRUE(used.insert(index).second);
    }
    ASSERT_EQ(slab.used(), used.size());
    if (!used.empty()) {
      ASSERT_GT(slab.capacity(), *used.rbegin());
    }
  }
}

}  // namespace
}  // namespace betrace::traces
