#include "betrace/storage/log_queue.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>

// Goal: the queue keeps the order, its bounds and what belongs together, and nobody waits for ever.
// Method: one thread plays both sides; a second one only where something must wait.

namespace betrace::storage {
namespace {

using namespace std::chrono_literals;

constexpr auto kNoWait = 0ms;
constexpr auto kLongEnough = 60s;

LogQueueLimits limits() {
  LogQueueLimits limits;
  limits.group_time = kNoWait;
  return limits;
}

PendingRecord violation_of(const std::string& payload) {
  PendingRecord pending;
  pending.violation.emplace();
  pending.record.violation_id.emplace();
  pending.record.payload = payload;
  pending.byte_count = 10;
  return pending;
}

PendingRecord serialised_of(const std::string& payload,
                            std::shared_ptr<CommitWait> waiter = nullptr) {
  PendingRecord pending;
  pending.record.payload = payload;
  pending.waiter = std::move(waiter);
  pending.byte_count = 10;
  return pending;
}

bool push_serialised(LogQueue& queue, const std::vector<std::string>& payloads,
                     const std::shared_ptr<CommitWait>& waiter = nullptr) {
  std::vector<PendingRecord> records;
  for (const std::string& payload : payloads) records.push_back(serialised_of(payload, waiter));
  return queue.push_serialised(std::move(records));
}

// `a b c`
std::string payloads_of(const std::vector<PendingRecord>& records) {
  std::string text;
  for (const PendingRecord& record : records) {
    text += (text.empty() ? "" : " ") + record.record.payload;
  }
  return text;
}

TEST(LogQueueTest, ViolationsPassBothStagesInTheirOrder) {
  LogQueue queue(limits());
  for (const char* payload : {"a", "b", "c"}) ASSERT_TRUE(queue.push(violation_of(payload)));
  EXPECT_TRUE(queue.take_group(kNoWait).empty()) << "none is serialised yet";
  std::vector<PendingRecord> raw = queue.take_raw();
  EXPECT_EQ(payloads_of(raw), "a b c");
  queue.hand_on(std::move(raw));
  EXPECT_EQ(queue.records(), 3u);
  EXPECT_EQ(queue.bytes(), 30u);
  const auto group = queue.take_group(kNoWait);
  EXPECT_EQ(payloads_of(group), "a b c");
  EXPECT_EQ(queue.records(), 3u) << "what is being committed is pending";
  queue.release(group);
  EXPECT_EQ(queue.records(), 0u);
  EXPECT_EQ(queue.bytes(), 0u);
}

TEST(LogQueueTest, TheRecordThreadTakesAtMost256AtOnce) {
  LogQueue queue(limits());
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(queue.push(violation_of("v")));
  EXPECT_EQ(queue.take_raw().size(), 256u);
  EXPECT_EQ(queue.take_raw().size(), 44u);
}

TEST(LogQueueTest, WhatComesSerialisedMayOvertake) {
  LogQueue queue(limits());
  ASSERT_TRUE(queue.push(violation_of("violation")));
  ASSERT_TRUE(push_serialised(queue, {"change"}));
  EXPECT_EQ(payloads_of(queue.take_group(kNoWait)), "change");
}

TEST(LogQueueTest, AGroupEndsAtItsNumberOfRecords) {
  LogQueueLimits bounds = limits();
  bounds.group_records_max = 2;
  LogQueue queue(bounds);
  ASSERT_TRUE(push_serialised(queue, {"a", "b", "c"}));
  EXPECT_EQ(payloads_of(queue.take_group(kNoWait)), "a b");
  EXPECT_EQ(payloads_of(queue.take_group(kNoWait)), "c");
}

TEST(LogQueueTest, AGroupEndsBeforeItsBytesAreExceeded) {
  LogQueueLimits bounds = limits();
  bounds.group_bytes_max = 4;
  LogQueue queue(bounds);
  ASSERT_TRUE(push_serialised(queue, {"aa", "bb", "c", "too long for it"}));
  EXPECT_EQ(payloads_of(queue.take_group(kNoWait)), "aa bb");
  EXPECT_EQ(payloads_of(queue.take_group(kNoWait)), "c");
  EXPECT_EQ(payloads_of(queue.take_group(kNoWait)), "too long for it") << "one always fits";
}

TEST(LogQueueTest, RecordsOfOneWaiterAreNeverParted) {
  LogQueueLimits bounds = limits();
  bounds.group_records_max = 2;
  LogQueue queue(bounds);
  const auto waiter = std::make_shared<CommitWait>();
  ASSERT_TRUE(push_serialised(queue, {"before"}));
  ASSERT_TRUE(push_serialised(queue, {"1", "2", "3", "4"}, waiter));
  ASSERT_TRUE(push_serialised(queue, {"after"}, std::make_shared<CommitWait>()));
  EXPECT_EQ(payloads_of(queue.take_group(kNoWait)), "before 1 2 3 4");
  EXPECT_EQ(payloads_of(queue.take_group(kNoWait)), "after");
}

TEST(LogQueueTest, AFullQueueHoldsTheNextViolationUntilThereIsRoom) {
  LogQueueLimits bounds = limits();
  bounds.records_max = 1;
  LogQueue queue(bounds);
  ASSERT_TRUE(queue.push(violation_of("a")));
  EXPECT_TRUE(queue.is_full());
  bool is_pushed = false;
  std::thread pusher([&queue, &is_pushed] { is_pushed = queue.push(violation_of("b")); });
  queue.hand_on(queue.take_raw());
  queue.release(queue.take_group(kLongEnough));
  pusher.join();
  EXPECT_TRUE(is_pushed);
  EXPECT_EQ(payloads_of(queue.take_raw()), "b");
}

TEST(LogQueueTest, AQueueIsFullByBytesToo) {
  LogQueueLimits bounds = limits();
  bounds.bytes_max = 20;
  LogQueue queue(bounds);
  ASSERT_TRUE(queue.push(violation_of("a")));
  EXPECT_FALSE(queue.is_full());
  ASSERT_TRUE(queue.push(violation_of("b")));
  EXPECT_TRUE(queue.is_full());
}

TEST(LogQueueTest, WhatComesSerialisedDoesNotWaitForRoom) {
  LogQueueLimits bounds = limits();
  bounds.records_max = 1;
  LogQueue queue(bounds);
  ASSERT_TRUE(push_serialised(queue, {"a", "b"}));
  ASSERT_TRUE(push_serialised(queue, {"c"}));
  EXPECT_EQ(queue.records(), 3u);
}

TEST(LogQueueTest, ClosingTurnsAwayWhatWaitsAndKeepsWhatIsIn) {
  LogQueueLimits bounds = limits();
  bounds.records_max = 1;
  LogQueue queue(bounds);
  ASSERT_TRUE(queue.push(violation_of("a")));
  bool is_pushed = true;
  std::thread pusher([&queue, &is_pushed] { is_pushed = queue.push(violation_of("late")); });
  queue.close();
  pusher.join();
  EXPECT_FALSE(is_pushed);
  EXPECT_FALSE(push_serialised(queue, {"later"}));
  EXPECT_FALSE(queue.is_drained());
  queue.hand_on(queue.take_raw());
  EXPECT_TRUE(queue.take_raw().empty()) << "the record thread may end";
  const auto group = queue.take_group(kLongEnough);
  EXPECT_EQ(payloads_of(group), "a");
  queue.release(group);
  EXPECT_TRUE(queue.is_drained());
  EXPECT_TRUE(queue.take_group(kLongEnough).empty()) << "the log thread may end";
}

TEST(LogQueueTest, WaitsForWhatWasPushedBeforeAndNothingElse) {
  LogQueue queue(limits());
  EXPECT_TRUE(queue.wait_until_released(kNoWait)) << "nothing was pushed";
  ASSERT_TRUE(queue.push(violation_of("a")));
  ASSERT_TRUE(push_serialised(queue, {"change"}));
  EXPECT_FALSE(queue.wait_until_released(kNoWait));
  queue.release(queue.take_group(kNoWait));
  EXPECT_FALSE(queue.wait_until_released(kNoWait)) << "the change has overtaken the violation";
  queue.hand_on(queue.take_raw());
  queue.release(queue.take_group(kNoWait));
  EXPECT_TRUE(queue.wait_until_released(kNoWait));
}

TEST(LogQueueTest, TakesOutWhatSomebodyWaitsFor) {
  LogQueue queue(limits());
  const auto waiter = std::make_shared<CommitWait>();
  ASSERT_TRUE(push_serialised(queue, {"gap"}));
  ASSERT_TRUE(push_serialised(queue, {"1", "2"}, waiter));
  ASSERT_TRUE(push_serialised(queue, {"other gap"}));
  EXPECT_EQ(payloads_of(queue.take_waiting()), "1 2");
  EXPECT_EQ(payloads_of(queue.take_group(kNoWait)), "gap other gap");
}

TEST(CommitWaitTest, TheFirstResultCounts) {
  CommitWait wait;
  wait.finish(7);
  wait.finish(fail(ErrorCode::StorageFailed, "too late"));
  const auto result = wait.wait();
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(*result, 7u);
}

TEST(CommitWaitTest, WaitsForTheResult) {
  CommitWait wait;
  std::thread committer([&wait] { wait.finish(fail(ErrorCode::StorageFailed, "disk full")); });
  const auto result = wait.wait();
  committer.join();
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().message, "disk full");
}

}  // namespace
}  // namespace betrace::storage
