// Goal: every limit closes a trace at its bound, and not one nanosecond before it.
// Method: arrivals are placed by hand on a time line that starts at zero; no clock is read.

#include "betrace/traces/closure.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "betrace/traces/test_spans.h"

namespace betrace::traces {
namespace {

using namespace std::chrono_literals;

constexpr ClosureLimits kLimits = {
    .quiet = 6s, .idle_max = 30s, .age_max = 300s, .spans_max = 10, .bytes_max = 1'000};

TraceActivity one_child_at_zero() {
  TraceActivity activity;
  activity.first_arrival = at(0s);
  activity.last_arrival = at(0s);
  activity.span_count = 1;
  activity.byte_count = 100;
  return activity;
}

TraceActivity whole_tree_at_zero() {
  TraceActivity activity = one_child_at_zero();
  activity.has_root = true;
  activity.misses_parent = false;
  return activity;
}

TEST(CloseReasonTest, StaysOpenUntilIdleMaxIsReached) {
  EXPECT_EQ(close_reason(one_child_at_zero(), kLimits, at(30s - 1ns)), std::nullopt);
  EXPECT_EQ(close_reason(one_child_at_zero(), kLimits, at(30s)), CloseReason::Idle);
}

TEST(CloseReasonTest, StaysOpenUntilAWholeTreeIsQuiet) {
  EXPECT_EQ(close_reason(whole_tree_at_zero(), kLimits, at(6s - 1ns)), std::nullopt);
  EXPECT_EQ(close_reason(whole_tree_at_zero(), kLimits, at(6s)), CloseReason::Complete);
}

TEST(CloseReasonTest, IsNotCompleteWithoutARoot) {
  TraceActivity activity = whole_tree_at_zero();
  activity.has_root = false;
  EXPECT_EQ(close_reason(activity, kLimits, at(30s - 1ns)), std::nullopt);
}

TEST(CloseReasonTest, IsNotCompleteWhileAParentIsMissing) {
  TraceActivity activity = whole_tree_at_zero();
  activity.misses_parent = true;
  EXPECT_EQ(close_reason(activity, kLimits, at(30s - 1ns)), std::nullopt);
  EXPECT_EQ(close_reason(activity, kLimits, at(30s)), CloseReason::Idle);
}

TEST(CloseReasonTest, StaysOpenUntilAgeMaxIsReached) {
  TraceActivity busy = one_child_at_zero();
  busy.last_arrival = at(300s - 1ns);
  EXPECT_EQ(close_reason(busy, kLimits, at(300s - 1ns)), std::nullopt);
  EXPECT_EQ(close_reason(busy, kLimits, at(300s)), CloseReason::MaxAge);
}

TEST(CloseReasonTest, ClosesAtTheLimitOfSpansAndNotBefore) {
  TraceActivity activity = one_child_at_zero();
  activity.span_count = kLimits.spans_max - 1;
  EXPECT_EQ(close_reason(activity, kLimits, at(0s)), std::nullopt);
  activity.span_count = kLimits.spans_max;
  EXPECT_EQ(close_reason(activity, kLimits, at(0s)), CloseReason::SpanLimit);
}

TEST(CloseReasonTest, ClosesAtTheLimitOfBytesAndNotBefore) {
  TraceActivity activity = one_child_at_zero();
  activity.byte_count = kLimits.bytes_max - 1;
  EXPECT_EQ(close_reason(activity, kLimits, at(0s)), std::nullopt);
  activity.byte_count = kLimits.bytes_max;
  EXPECT_EQ(close_reason(activity, kLimits, at(0s)), CloseReason::SpanLimit);
}

TEST(CloseReasonTest, NamesTheFirstOfSeveralReasons) {
  TraceActivity activity = whole_tree_at_zero();
  EXPECT_EQ(close_reason(activity, kLimits, at(30s)), CloseReason::Complete);
  EXPECT_EQ(close_reason(activity, kLimits, at(300s)), CloseReason::MaxAge);
  activity.span_count = kLimits.spans_max;
  EXPECT_EQ(close_reason(activity, kLimits, at(300s)), CloseReason::SpanLimit);
}

TEST(CloseReasonTest, ClosesAWholeTreeAtOnceWhenQuietIsZero) {
  ClosureLimits limits = kLimits;
  limits.quiet = 0s;
  EXPECT_EQ(close_reason(whole_tree_at_zero(), limits, at(0s)), CloseReason::Complete);
}

TEST(ValidateTest, KeepsTheDefaults) { EXPECT_TRUE(validate(ClosureLimits{}).has_value()); }

TEST(ValidateTest, AcceptsQuietZeroAndQuietEqualToIdle) {
  ClosureLimits limits = kLimits;
  limits.quiet = 0s;
  EXPECT_TRUE(validate(limits).has_value());
  limits.quiet = limits.idle_max;
  EXPECT_TRUE(validate(limits).has_value());
}

TEST(ValidateTest, NamesTheFieldThatCannotBeKept) {
  const std::vector<std::pair<std::function<void(ClosureLimits&)>, std::string>> cases = {
      {[](ClosureLimits& limits) { limits.idle_max = 300s; }, "idle_max is not below age_max"},
      {[](ClosureLimits& limits) { limits.quiet = 30s + 1ms; }, "quiet is above idle_max"},
      {[](ClosureLimits& limits) { limits.quiet = -1ms; }, "quiet is negative"},
      {[](ClosureLimits& limits) { limits.idle_max = 0s; }, "idle_max is not positive"},
      {[](ClosureLimits& limits) { limits.age_max = 0s; }, "age_max is not positive"},
      {[](ClosureLimits& limits) { limits.spans_max = 0; }, "spans_max is not positive"},
      {[](ClosureLimits& limits) { limits.bytes_max = 0; }, "bytes_max is not positive"},
  };
  for (const auto& [change, message] : cases) {
    ClosureLimits limits = kLimits;
    change(limits);
    const auto result = validate(limits);
    ASSERT_FALSE(result.has_value()) << message;
    EXPECT_EQ(result.error().message, message);
  }
}

}  // namespace
}  // namespace betrace::traces
