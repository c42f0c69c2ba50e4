#include "betrace/base/optional_index.h"

#include <gtest/gtest.h>

namespace betrace {
namespace {

TEST(OptionalIndexTest, IsNothingUntilItIsAnIndex) {
  OptionalIndex index;
  EXPECT_FALSE(index.has_value());
  EXPECT_TRUE(index == std::nullopt);
  index = 7;
  ASSERT_TRUE(index.has_value());
  EXPECT_EQ(*index, 7U);
  EXPECT_TRUE(index == OptionalIndex(7));
  EXPECT_FALSE(index == OptionalIndex(8));
}

TEST(OptionalIndexTest, HoldsEveryIndexButTheLargestNumber) {
  EXPECT_TRUE(OptionalIndex(0).has_value());
  EXPECT_TRUE(OptionalIndex(0xFFFFFFFE).has_value());
  static_assert(sizeof(OptionalIndex) == sizeof(std::uint32_t));
}

}  // namespace
}  // namespace betrace
