// Goal: a batch is lent to one at a time, comes back empty, and the stock stays small.

#include "betrace/engine/batch_stock.h"

#include <gtest/gtest.h>

#include <utility>

namespace betrace::engine {
namespace {

SpanBatch batch_with_room(std::size_t items) {
  SpanBatch batch;
  batch.items.resize(items);
  batch.own_spans = 3;
  return batch;
}

TEST(BatchStockTest, GivesTheMemoryOfOneThatWasGivenBackOnce) {
  BatchStock stock;
  EXPECT_EQ(stock.take().byte_count(), 0U) << "there is none yet";
  stock.give_back(batch_with_room(100));
  const SpanBatch again = stock.take();
  EXPECT_TRUE(again.is_empty());
  EXPECT_GE(again.items.capacity(), 100U);
  EXPECT_EQ(stock.take().byte_count(), 0U);
}

TEST(BatchStockTest, KeepsEightMebibytesAtMost) {
  BatchStock stock;
  for (int i = 0; i < 100; ++i)
    stock.give_back(batch_with_room((1 << 20) / sizeof(SpanBatch::Item)));
  std::uint64_t kept = 0;
  while (const std::uint64_t bytes = stock.take().byte_count()) kept += bytes;
  EXPECT_GT(kept, 7U << 20U);
  EXPECT_LE(kept, 8U << 20U);
}

}  // namespace
}  // namespace betrace::engine
