// Goal: values are what attributes and constants say. What comparisons make of them is tested by
// the cases in tests/rules.

#include "betrace/rules/runtime_value.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "betrace/rules/aggregates.h"
#include "betrace/rules/arithmetic.h"
#include "betrace/rules/comparison.h"

namespace betrace::rules {
namespace {

using model::ValueView;
using RuntimeType = RuntimeValue::Type;

TEST(RuntimeValueTest, BytesReadAsBase64Text) {
  const auto value = RuntimeValue::of(ValueView::bytes(std::string_view("\x00\xff", 2)));
  ASSERT_EQ(value.type(), RuntimeType::String);
  EXPECT_EQ(value.as_text(), "AP8=");
}

TEST(RuntimeValueTest, BytesInsideAListReadAsBase64Text) {
  const std::array items = {ValueView::bytes("abc")};
  const auto list = RuntimeValue::of(ValueView::list(items));
  EXPECT_EQ(list.item(0).as_text(), "YWJj");
}

TEST(RuntimeValueTest, ACopyOfAnOwnedTextOwnsItsText) {
  RuntimeValue copy;
  {
    const auto original = RuntimeValue::owned_string("short");
    copy = original;
  }
  EXPECT_EQ(copy.as_text(), "short");
}

TEST(RuntimeValueTest, TimesBeyondSixtyThreeBitsReadAsTheGreatestInteger) {
  EXPECT_EQ(RuntimeValue::unsigned_integer(std::numeric_limits<std::uint64_t>::max()).as_integer(),
            std::numeric_limits<std::int64_t>::max());
}

TEST(RuntimeValueTest, NanAndZeroesAreNotTruthy) {
  EXPECT_FALSE(RuntimeValue::real(std::nan("")).is_truthy());
  EXPECT_FALSE(RuntimeValue::real(-0.0).is_truthy());
  EXPECT_FALSE(RuntimeValue::duration(0).is_truthy());
  EXPECT_TRUE(RuntimeValue::real(0.1).is_truthy());
}

TEST(ComparisonTest, NanEqualsNothingAndDiffersFromAll) {
  const auto nan = RuntimeValue::real(std::nan(""));
  EXPECT_FALSE(compare(CompareOp::Equal, nan, nan));
  EXPECT_TRUE(compare(CompareOp::NotEqual, nan, nan));
  EXPECT_FALSE(compare(CompareOp::LessOrEqual, nan, RuntimeValue::integer(1)));
}

TEST(ComparisonTest, MapsAreEqualInAnyOrderAndReadTheFirstOfEqualKeys) {
  const std::array<model::AttributeView, 3> left = {
      {{"b", ValueView::integer(2)}, {"a", ValueView::integer(1)}, {"a", ValueView::integer(9)}}};
  const std::array<model::AttributeView, 2> right = {
      {{"a", ValueView::real(1)}, {"b", ValueView::string("2")}}};
  EXPECT_TRUE(is_equal(RuntimeValue::map(left), RuntimeValue::map(right)));
}

// A list in a list in a list ... without recursion in the making.
std::vector<std::vector<ValueView>> nested_lists(int depth) {
  std::vector<std::vector<ValueView>> lists(1);
  lists.reserve(static_cast<std::size_t>(depth) + 1);
  for (int i = 0; i < depth; ++i) lists.push_back({ValueView::list(lists.back())});
  return lists;
}

TEST(ComparisonTest, DeeplyNestedValuesAreEqualToNothingAndCrashNothing) {
  const auto shallow = nested_lists(100);
  const auto deep = nested_lists(200'000);
  const auto shallow_value = RuntimeValue::of(ValueView::list(shallow.back()));
  const auto deep_value = RuntimeValue::of(ValueView::list(deep.back()));
  EXPECT_TRUE(is_equal(shallow_value, shallow_value));
  EXPECT_FALSE(is_equal(deep_value, deep_value));
  std::string identity;
  append_identity(deep_value, &identity);
  EXPECT_LT(identity.size(), 10'000u);
}

TEST(ArithmeticTest, ADurationThatOverflowsBecomesTheLongest) {
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  const auto longest = RuntimeValue::duration(kMax);
  EXPECT_EQ(add(longest, longest).as_integer(), kMax);
  EXPECT_EQ(multiply(longest, RuntimeValue::real(1e300)).as_integer(), kMax);
  EXPECT_EQ(multiply(longest, RuntimeValue::integer(-3)).as_integer(),
            std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(divide(RuntimeValue::duration(std::numeric_limits<std::int64_t>::min()),
                   RuntimeValue::integer(-1))
                .as_integer(),
            kMax);
}

TEST(ArithmeticTest, ADurationWithARealIsRoundedTowardZeroOnce) {
  const auto one = RuntimeValue::duration(1);
  EXPECT_EQ(add(one, RuntimeValue::real(0.9)).as_integer(), 1);
  EXPECT_EQ(subtract(one, RuntimeValue::real(0.1)).as_integer(), 0);
  EXPECT_EQ(add(RuntimeValue::duration(-1), RuntimeValue::real(0.5)).as_integer(), 0);
  EXPECT_EQ(add(RuntimeValue::duration(-5), RuntimeValue::real(0.5)).as_integer(), -4);
  EXPECT_TRUE(add(one, RuntimeValue::real(std::nan(""))).is_nil());
}

TEST(ArithmeticTest, TheLeastIntegerHasNoOppositeAndBecomesADouble) {
  const auto least = RuntimeValue::integer(std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(negate(least).type(), RuntimeType::Double);
  EXPECT_EQ(divide(least, RuntimeValue::integer(-1)).type(), RuntimeType::Double);
}

TEST(AggregatesTest, AWholeRankIsNotRaisedByBinaryFractions) {
  std::vector<Sample> samples;
  for (std::int64_t i = 1; i <= 10'000; ++i) samples.push_back({0, RuntimeValue::integer(i)});
  EXPECT_EQ(aggregate(AggregateKind::Percentile, 0.07, samples).as_integer(), 7);
  EXPECT_EQ(aggregate(AggregateKind::Percentile, 100, samples).as_integer(), 10'000);
  EXPECT_EQ(aggregate(AggregateKind::Percentile, 1e-12, samples).as_integer(), 1);
}

TEST(AggregatesTest, NanDoesNotCount) {
  EXPECT_TRUE(sample_value(AggregateKind::Max, RuntimeValue::real(std::nan(""))).is_nil());
  EXPECT_FALSE(
      sample_value(AggregateKind::CountDistinct, RuntimeValue::real(std::nan(""))).is_nil());
}

TEST(AggregatesTest, TheFirstOfEqualExtremesIsNamed) {
  const std::vector<Sample> samples = {
      {4, RuntimeValue::integer(2)}, {5, RuntimeValue::real(2.0)}, {6, RuntimeValue::integer(1)}};
  EXPECT_EQ(extreme(AggregateKind::Max, samples).span, 4u);
  EXPECT_EQ(extreme(AggregateKind::Min, samples).span, 6u);
}

}  // namespace
}  // namespace betrace::rules
