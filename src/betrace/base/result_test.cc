#include "betrace/base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "betrace/base/check.h"

namespace betrace {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return fail(ErrorCode::InvalidArgument, "number is odd");
  return number / 2;
}

Result<std::string> half_as_text(int number) {
  const auto result = half(number);
  if (!result) return fail(result.error());
  return std::to_string(*result);
}

TEST(ResultTest, HoldsAValueOrAnError) {
  EXPECT_EQ(*half(4), 2);
  ASSERT_FALSE(half(3).has_value());
  EXPECT_EQ(half(3).error().code, ErrorCode::InvalidArgument);
}

TEST(ResultTest, PassesAFailureOnUnchanged) {
  EXPECT_EQ(*half_as_text(4), "2");
  EXPECT_EQ(half_as_text(3).error().message, "number is odd");
}

TEST(ResultTest, HoldsWhatCanOnlyBeMoved) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  EXPECT_EQ(*std::move(*result), 7);
}

TEST(CheckDeathTest, NamesTheBrokenPromise) {
  BETRACE_CHECK(1 + 1 == 2);
  EXPECT_DEATH(BETRACE_CHECK(1 + 1 == 3), "check failed: 1 \\+ 1 == 3");
}

}  // namespace
}  // namespace betrace
