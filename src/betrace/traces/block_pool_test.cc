// Goal: a block is as large as asked, comes back to the next who asks, and the stock has a bound.

#include "betrace/traces/block_pool.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include "betrace/base/test_seed.h"

namespace betrace::traces {
namespace {

TEST(BlockPoolTest, HasASizeForEveryNeed) {
  std::size_t before = 0;
  for (std::size_t bytes = 1; bytes <= 1U << 20U; ++bytes) {
    const std::size_t size = BlockPool::size_for(bytes);
    ASSERT_GE(size, bytes);
    ASSERT_GE(size, before);
    ASSERT_EQ(BlockPool::size_for(size), size);
    if (bytes > 64) {
      ASSERT_LE(size, bytes + bytes / 2 + 8);
    }
    before = size;
  }
}

TEST(BlockPoolTest, GivesTheSameBlockAgain) {
  BlockPool pool(1'000);
  void* const block = pool.take(88);
  pool.give_back(block, 88);
  EXPECT_GT(pool.stock_bytes(), 0U);
  EXPECT_EQ(pool.take(88), block);
  EXPECT_EQ(pool.stock_bytes(), 0U);
  pool.give_back(block, 88);
}

TEST(BlockPoolTest, KeepsNoMoreThanItsBound) {
  BlockPool pool(1'000);
  std::vector<void*> blocks;
  for (int i = 0; i < 100; ++i) blocks.push_back(pool.take(56));
  EXPECT_GE(pool.used_bytes(), 100 * 56U);
  for (void* block : blocks) pool.give_back(block, 56);
  EXPECT_EQ(pool.used_bytes(), 0U);
  EXPECT_LE(pool.stock_bytes(), 1'000U);
  EXPECT_GE(pool.stock_bytes(), 900U);
}

TEST(BlockPoolTest, LetsASizeThatIsNotAskedForAnyMoreGo) {
  BlockPool pool(1'000);
  std::vector<void*> blocks;
  for (int i = 0; i < 12; ++i) blocks.push_back(pool.take(56));
  for (void* block : blocks) pool.give_back(block, 56);
  for (int i = 0; i < 100; ++i) {
    void* const first = pool.take(184);
    void* const second = pool.take(184);
    pool.give_back(first, 184);
    pool.give_back(second, 184);
  }
  void* const first = pool.take(184);
  EXPECT_LT(pool.stock_bytes(), 900U) << "it came from the stock";
  pool.give_back(first, 184);
}

TEST(BlockPoolTest, NeverGivesABlockToTwo) {
  std::mt19937_64 random(test_seed());
  BlockPool pool(10'000);
  struct Taken {
    void* block;
    std::size_t bytes;
    int mark;
  };
  std::vector<Taken> taken;
  for (int step = 0; step < 50'000; ++step) {
    if (taken.size() < 50 && random() % 2 == 0) {
      const std::size_t bytes = BlockPool::size_for(1 + random() % 2'000);
      taken.push_back({pool.take(bytes), bytes, step % 256});
      std::memset(taken.back().block, taken.back().mark, bytes);
    } else if (!taken.empty()) {
      std::swap(taken[random() % taken.size()], taken.back());
      const Taken last = taken.back();
      taken.pop_back();
      const auto* const bytes = static_cast<const unsigned char*>(last.block);
      for (std::size_t i = 0; i < last.bytes; ++i) ASSERT_EQ(bytes[i], last.mark);
      pool.give_back(last.block, last.bytes);
    }
    ASSERT_LE(pool.stock_bytes(), 10'000U);
  }
  for (const Taken& each : taken) pool.give_back(each.block, each.bytes);
  EXPECT_EQ(pool.used_bytes(), 0U);
}

}  // namespace
}  // namespace betrace::traces
