#include "betrace/storage/log_retention.h"

#include <gtest/gtest.h>

// Goal: the oldest file goes at its bound and not before it, and what no sink has only for room.

namespace betrace::storage {
namespace {

using namespace std::chrono_literals;

constexpr UnixNanos kSecond = 1'000'000'000;
constexpr RetentionLimits kLimits{10s, 1'000};

// Two closed generations with the records 1-10 and 11-20, and the active one, begun at 5 s and 8 s.
std::vector<ReadableGeneration> generations() {
  return {{1, "a", 1, 11, 0}, {2, "b", 11, 21, 5 * kSecond}, {3, "c", 21, 99, 8 * kSecond}};
}

TEST(DueRemovalTest, AFileIsAsOldAsTheBeginningOfTheNext) {
  EXPECT_FALSE(due_removal(generations(), 0, kLimits, nullptr, 15 * kSecond - 1));
  const auto removal = due_removal(generations(), 0, kLimits, nullptr, 15 * kSecond);
  ASSERT_TRUE(removal.has_value());
  EXPECT_EQ(removal->reason, RemovalReason::Age);
  EXPECT_EQ(removal->records.first, 1u);
  EXPECT_EQ(removal->records.last, 10u);
  EXPECT_EQ(removal->unexported.first, 0u);
}

TEST(DueRemovalTest, AFileGoesWhenAllTogetherAreLargerThanTheBound) {
  EXPECT_FALSE(due_removal(generations(), 1'000, kLimits, nullptr, 0));
  const auto removal = due_removal(generations(), 1'001, kLimits, nullptr, 0);
  ASSERT_TRUE(removal.has_value());
  EXPECT_EQ(removal->reason, RemovalReason::Bytes);
}

TEST(DueRemovalTest, TheFileThatIsAppendedToNeverGoes) {
  std::vector<ReadableGeneration> active = generations();
  active.erase(active.begin(), active.begin() + 2);
  EXPECT_FALSE(due_removal(active, 1'001, kLimits, nullptr, 99 * kSecond));
}

TEST(DueRemovalTest, WhatNoSinkHasGoesForRoomOnlyAndIsNamed) {
  const ExportPosition behind{7, {}};
  EXPECT_FALSE(due_removal(generations(), 0, kLimits, &behind, 99 * kSecond));
  const auto removal = due_removal(generations(), 1'001, kLimits, &behind, 99 * kSecond);
  ASSERT_TRUE(removal.has_value());
  EXPECT_EQ(removal->reason, RemovalReason::Bytes);
  EXPECT_EQ(removal->unexported.first, 8u);
  EXPECT_EQ(removal->unexported.last, 10u);
}

TEST(DueRemovalTest, WhatIsParkedIsNotDelivered) {
  const ExportPosition parked{50, {{3, 4, "sink_error", 0, 0}, {9, 12, "sink_error", 0, 0}}};
  EXPECT_FALSE(due_removal(generations(), 0, kLimits, &parked, 99 * kSecond));
  const auto removal = due_removal(generations(), 1'001, kLimits, &parked, 99 * kSecond);
  EXPECT_EQ(removal->unexported.first, 3u);
  EXPECT_EQ(removal->unexported.last, 10u);
  const ExportPosition later{50, {{11, 12, "sink_error", 0, 0}}};
  EXPECT_TRUE(due_removal(generations(), 0, kLimits, &later, 99 * kSecond));
}

TEST(RetainedBytesMaxTest, IsNeverAboveFourFifthsOfTheVolume) {
  EXPECT_EQ(retained_bytes_max(1'000, 0), 1'000u);
  EXPECT_EQ(retained_bytes_max(1'000, 1'250), 1'000u);
  EXPECT_EQ(retained_bytes_max(1'000, 1'000), 800u);
}

}  // namespace
}  // namespace betrace::storage
