// Goal: each thing comes up once, at its latest deadline, in order of time.

#include "betrace/traces/deadline_queue.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "betrace/base/test_seed.h"
#include "betrace/traces/test_spans.h"

namespace betrace::traces {
namespace {

using namespace std::chrono_literals;

TEST(DeadlineQueueTest, GivesNothingBeforeADeadline) {
  DeadlineQueue queue;
  queue.arm(3, at(10ns));
  EXPECT_FALSE(queue.pop_due(at(9ns)).has_value());
  const auto due = queue.pop_due(at(10ns));
  ASSERT_TRUE(due.has_value());
  EXPECT_EQ(due->index, 3U);
  EXPECT_EQ(due->deadline, at(10ns));
  EXPECT_FALSE(queue.pop_due(at(100ns)).has_value());
}

TEST(DeadlineQueueTest, ForgetsTheDeadlineThatWasReplaced) {
  DeadlineQueue queue;
  queue.arm(1, at(10ns));
  queue.arm(1, at(20ns));
  EXPECT_FALSE(queue.pop_due(at(19ns)).has_value());
  EXPECT_TRUE(queue.pop_due(at(20ns)).has_value());
  queue.arm(1, at(30ns));
  queue.disarm(1);
  EXPECT_FALSE(queue.pop_due(at(99ns)).has_value());
  EXPECT_FALSE(queue.earliest().has_value());
}

TEST(DeadlineQueueTest, GivesEqualDeadlinesByIndex) {
  DeadlineQueue queue;
  for (const std::uint32_t index : {5U, 2U, 9U}) queue.arm(index, at(10ns));
  EXPECT_EQ(queue.pop_due(at(10ns))->index, 2U);
  EXPECT_EQ(queue.pop_due(at(10ns))->index, 5U);
  EXPECT_EQ(queue.pop_due(at(10ns))->index, 9U);
}

// Enough moves of few deadlines to make it sweep outdated entries many times.
TEST(DeadlineQueueTest, AgreesWithAMapWhileDeadlinesMove) {
  std::mt19937_64 random(7);
  DeadlineQueue queue;
  std::map<std::uint32_t, std::int64_t> expected;
  std::int64_t now = 0;
  for (int step = 0; step < 20'000; ++step) {
    const auto index = static_cast<std::uint32_t>(random() % 50);
    const auto deadline = now + static_cast<std::int64_t>(random() % 1'000);
    queue.arm(index, at(std::chrono::nanoseconds(deadline)));
    expected[index] = deadline;
    if (step % 10 != 0) continue;
    now += static_cast<std::int64_t>(random() % 20);
    while (const auto due = queue.pop_due(at(std::chrono::nanoseconds(now)))) {
      ASSERT_EQ(at(std::chrono::nanoseconds(expected.at(due->index))), due->deadline);
      expected.erase(due->index);
    }
    for (const auto& [left, time] : expected) ASSERT_GT(time, now) << left;
  }
}

}  // namespace
}  // namespace betrace::traces
