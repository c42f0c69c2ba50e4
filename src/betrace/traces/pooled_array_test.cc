// Goal: values keep their order and are destroyed once, and the block comes from the pool.

#include "betrace/traces/pooled_array.h"

#include <gtest/gtest.h>

#include <memory>

namespace betrace::traces {
namespace {

TEST(PooledArrayTest, KeepsValuesWhileItGrows) {
  BlockPool pool(0);
  PooledArray<std::unique_ptr<int>> array;
  EXPECT_TRUE(array.empty());
  for (int i = 0; i < 1'000; ++i) {
    array.push_back(std::make_unique<int>(i), pool);
    ASSERT_EQ(*array.back(), i);
  }
  EXPECT_EQ(array.size(), 1'000U);
  int expected = 0;
  for (const auto& value : array) ASSERT_EQ(*value, expected++);
  EXPECT_GE(pool.used_bytes(), 8 * 1'000U);
  EXPECT_LE(pool.used_bytes(), 2 * 8 * 1'000U);
  array.clear(pool);
  EXPECT_TRUE(array.empty());
  EXPECT_EQ(pool.used_bytes(), 0U);
}

TEST(PooledArrayTest, DestroysEachValueOnce) {
  BlockPool pool(0);
  PooledArray<std::shared_ptr<int>> array;
  const auto shared = std::make_shared<int>(1);
  for (int i = 0; i < 100; ++i) array.push_back(shared, pool);
  EXPECT_EQ(shared.use_count(), 101);
  array.clear(pool);
  EXPECT_EQ(shared.use_count(), 1);
  array.clear(pool);
}

TEST(PooledArrayTest, NeedsNothingNewWithinItsRoom) {
  BlockPool pool(0);
  PooledArray<std::uint32_t> array;
  array.reserve(48, pool);
  const std::uint64_t used = pool.used_bytes();
  for (std::uint32_t i = 0; i < 48; ++i) array.push_back(i, pool);
  EXPECT_EQ(pool.used_bytes(), used);
  array.clear(pool);
}

}  // namespace
}  // namespace betrace::traces
