// Goal: a bucket grants what its setting says and not one more, and many clients cost bounded
// memory.

#include "betrace/api/token_buckets.h"

#include <gtest/gtest.h>

namespace betrace::api {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr MonotonicTime kZero{};

TEST(TokenBucketsTest, GrantsABucketAtOnceAndThenAsItRefills) {
  TokenBuckets buckets({2, 3});
  for (const std::uint64_t left : {2u, 1u, 0u}) {
    const Draw draw = buckets.draw("a", kZero);
    EXPECT_TRUE(draw.is_granted);
    EXPECT_EQ(draw.left, left);
  }
  const Draw refused = buckets.draw("a", kZero);
  EXPECT_FALSE(refused.is_granted);
  EXPECT_EQ(refused.seconds_to_next, 1u);
  EXPECT_EQ(refused.seconds_to_full, 2u);
  EXPECT_FALSE(buckets.draw("a", kZero + milliseconds(499)).is_granted);
  EXPECT_TRUE(buckets.draw("a", kZero + milliseconds(500)).is_granted);
  EXPECT_FALSE(buckets.draw("a", kZero + milliseconds(500)).is_granted);
}

TEST(TokenBucketsTest, WhatIsChargedAfterwardsIsOwedAndPaidBack) {
  TokenBuckets buckets({10, 20});
  EXPECT_EQ(buckets.look("a", kZero).left, 20u);
  EXPECT_EQ(buckets.look("a", kZero).left, 20u) << "looking takes nothing";
  buckets.charge("a", kZero, 49);  // 29 more than there are
  const Draw refused = buckets.look("a", kZero);
  EXPECT_FALSE(refused.is_granted);
  EXPECT_EQ(refused.left, 0u);
  EXPECT_EQ(refused.seconds_to_next, 3u);
  EXPECT_EQ(refused.seconds_to_full, 5u);
  EXPECT_FALSE(buckets.look("a", kZero + milliseconds(2'999)).is_granted);
  EXPECT_TRUE(buckets.look("a", kZero + milliseconds(3'000)).is_granted);
  EXPECT_TRUE(buckets.look("b", kZero).is_granted);
}

TEST(TokenBucketsTest, NeverHoldsMoreThanTheBucket) {
  TokenBuckets buckets({100, 2});
  EXPECT_TRUE(buckets.draw("a", kZero).is_granted);
  EXPECT_EQ(buckets.draw("a", kZero + seconds(3'600)).left, 1u);
}

TEST(TokenBucketsTest, EachClientHasItsOwn) {
  TokenBuckets buckets({1, 1});
  EXPECT_TRUE(buckets.draw("a", kZero).is_granted);
  EXPECT_FALSE(buckets.draw("a", kZero).is_granted);
  EXPECT_TRUE(buckets.draw("b", kZero).is_granted);
}

TEST(TokenBucketsTest, ForgetsTheFullestWhenThereAreTooMany) {
  TokenBuckets buckets({0.001, 10}, 20);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(buckets.draw("spent", kZero).is_granted);
  for (int client = 0; client < 1'000; ++client) {
    EXPECT_TRUE(buckets.draw("client " + std::to_string(client), kZero).is_granted);
    EXPECT_LE(buckets.clients(), 20u);
  }
  EXPECT_FALSE(buckets.draw("spent", kZero).is_granted) << "it was forgiven";
}

}  // namespace
}  // namespace betrace::api
