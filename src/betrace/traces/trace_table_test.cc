// Goal: traces come due at their deadline, are kept closed for a window, and leave when memory is
// spent, closed ones first.

#include "betrace/traces/trace_table.h"

#include <gtest/gtest.h>

#include "betrace/traces/test_spans.h"

namespace betrace::traces {
namespace {

using namespace std::chrono_literals;

TableLimits test_limits() {
  TableLimits limits;
  limits.closure.spans_max = 3;
  return limits;
}

TraceIndex add(TraceTable* table, const TestSpan& span, MonotonicTime now) {
  const auto known = table->find(test_trace_id(span.trace));
  const TraceIndex index = known ? *known : table->open(test_trace_id(span.trace), now);
  EXPECT_EQ(table->add(index, arriving(span), now), TableAdd::Added);
  return index;
}

TEST(TraceTableTest, GivesAWholeTreeBackWhenItIsQuiet) {
  TraceTable table(test_limits());
  const TraceIndex index = add(&table, {.id = 1}, at(0s));
  EXPECT_FALSE(table.next_due(at(6s - 1ns)).has_value());
  const auto due = table.next_due(at(6s));
  ASSERT_TRUE(due.has_value());
  EXPECT_EQ(due->index, index);
  EXPECT_EQ(due->reason, CloseReason::Complete);
}

TEST(TraceTableTest, GivesTheReasonOfTheDeadlineHoweverLateItIsAsked) {
  TraceTable table(test_limits());
  add(&table, {.trace = 1, .id = 1}, at(0s));
  add(&table, {.trace = 2, .id = 2, .parent = 9}, at(0s));
  const auto first = table.next_due(at(1h));
  const auto second = table.next_due(at(1h));
  ASSERT_TRUE(first.has_value() && second.has_value());
  EXPECT_EQ(first->reason, CloseReason::Complete);
  EXPECT_EQ(first->deadline, at(6s));
  EXPECT_EQ(second->reason, CloseReason::Idle);
  EXPECT_EQ(second->deadline, at(30s));
}

TEST(TraceTableTest, MovesTheDeadlineWithEachArrival) {
  TraceTable table(test_limits());
  add(&table, {.id = 1}, at(0s));
  add(&table, {.id = 2, .parent = 1}, at(5s));
  EXPECT_FALSE(table.next_due(at(11s - 1ns)).has_value());
  EXPECT_TRUE(table.next_due(at(11s)).has_value());
}

TEST(TraceTableTest, ClosesQuietlyAfterARootThatComesLate) {
  TraceTable table(test_limits());
  add(&table, {.id = 2, .parent = 1}, at(0s));
  EXPECT_FALSE(table.next_due(at(10s)).has_value());
  add(&table, {.id = 1}, at(20s));
  EXPECT_FALSE(table.next_due(at(26s - 1ns)).has_value());
  EXPECT_EQ(table.next_due(at(26s))->reason, CloseReason::Complete);
}

TEST(TraceTableTest, ClosesABusyTraceByAge) {
  TableLimits limits = test_limits();
  limits.closure.spans_max = 1'000;
  TraceTable table(limits);
  for (std::uint64_t i = 0; i < 100; ++i) {
    add(&table, {.id = i + 1, .parent = i}, at(i * 3s));
    if (i < 99) {
      EXPECT_FALSE(table.next_due(at(i * 3s + 1s)).has_value());
    }
  }
  EXPECT_EQ(table.next_due(at(300s))->reason, CloseReason::MaxAge);
}

TEST(TraceTableTest, TakesAtMostHalfMoreThanDeclaredForATraceOfWhichIdsAloneAreKept) {
  constexpr std::uint64_t kTraces = 10'000;
  constexpr std::uint64_t kBytesDeclared = 584;  // of 20 spans
  TraceTable table{TableLimits()};
  const std::uint64_t before = table.memory_bytes();
  for (std::uint64_t span = 1; span <= 20; ++span) {
    for (std::uint64_t trace = 1; trace <= kTraces; ++trace) {
      TestArrival ids_alone = arriving({.trace = trace, .id = span, .parent = span - 1});
      ids_alone.kept = {};
      const auto index =
          span == 1 ? table.open(test_trace_id(trace), at(0s)) : table.find(test_trace_id(trace));
      ASSERT_TRUE(index.has_value());
      ASSERT_EQ(table.add(*index, ids_alone, at(0s)), TableAdd::Added);
    }
  }
  EXPECT_LE((table.memory_bytes() - before) / kTraces, kBytesDeclared * 3 / 2);
}

TEST(TraceTableTest, TakesNoSpanBeyondItsLimit) {
  TraceTable table(test_limits());
  TraceIndex index = 0;
  for (std::uint64_t i = 1; i <= 3; ++i) {
    index = add(&table, {.id = i}, at(0s));
    EXPECT_EQ(table.is_full(index), i == 3);
  }
  EXPECT_EQ(table.add(index, arriving({.id = 4}), at(0s)), TableAdd::Limited);
  EXPECT_EQ(table.state(index).activity().span_count, 3U);
}

TEST(TraceTableTest, KeepsAClosedTraceForTheLateWindow) {
  TraceTable table(test_limits());
  const TraceIndex index = add(&table, {.id = 1}, at(0s));
  table.close(index, CloseReason::Complete, at(6s));
  EXPECT_EQ(table.open_count(), 0U);
  EXPECT_EQ(table.closed_count(), 1U);
  EXPECT_EQ(table.add(index, arriving({.id = 2}), at(10s)), TableAdd::Added);
  EXPECT_FALSE(table.next_eviction(at(66s - 1ns)).has_value());
  ASSERT_EQ(table.next_eviction(at(66s)), index);
  table.evict(index, at(66s));
  EXPECT_FALSE(table.find(test_trace_id(1)).has_value());
}

TEST(TraceTableTest, MarksAClosedTraceThatLateSpansFill) {
  TraceTable table(test_limits());
  const TraceIndex index = add(&table, {.id = 1}, at(0s));
  table.close(index, CloseReason::Complete, at(6s));
  add(&table, {.id = 2}, at(7s));
  EXPECT_EQ(table.state(index).grade(CloseReason::Complete), Completeness::Complete);
  add(&table, {.id = 3}, at(7s));
  EXPECT_EQ(table.state(index).grade(CloseReason::Complete), Completeness::Truncated);
}

TEST(TraceTableTest, RemembersThatATraceWasEvicted) {
  TraceTable table(test_limits());
  const TraceIndex index = add(&table, {.id = 1}, at(0s));
  EXPECT_FALSE(table.state(index).is_reopened());
  table.close(index, CloseReason::Complete, at(6s));
  table.evict(index, at(66s));
  EXPECT_TRUE(table.state(add(&table, {.id = 2}, at(67s))).is_reopened());
  EXPECT_FALSE(table.state(add(&table, {.trace = 2, .id = 2}, at(67s))).is_reopened());
}

TEST(TraceTableTest, EvictsClosedTracesOldestFirstWhenMemoryIsSpent) {
  TableLimits limits = test_limits();
  limits.bytes_max = 6'100;
  TraceTable table(limits);
  std::vector<TraceIndex> closed;
  for (std::uint64_t trace = 1; table.memory_bytes() <= limits.bytes_max; ++trace) {
    const TraceIndex index = add(&table, {.trace = trace, .id = 1}, at(0s));
    if (trace == 1) continue;  // stays open
    table.close(index, CloseReason::Complete, at(trace * 1s));
    closed.push_back(index);
  }
  ASSERT_GE(closed.size(), 2U);
  EXPECT_FALSE(table.next_shed().has_value()) << "closed traces go first";
  ASSERT_EQ(table.next_eviction(at(20s)), closed[0]);
  table.evict(closed[0], at(20s));
  EXPECT_LE(table.memory_bytes(), limits.bytes_max);
  EXPECT_FALSE(table.next_eviction(at(20s)).has_value());
  EXPECT_EQ(table.late_window(), 18s);
}

TEST(TraceTableTest, ShedsTheOpenTraceThatIsIdleForLongest) {
  TableLimits limits = test_limits();
  limits.bytes_max = 6'000;
  TraceTable table(limits);
  const TraceIndex first = add(&table, {.trace = 1, .id = 1}, at(0s));
  const TraceIndex second = add(&table, {.trace = 2, .id = 1}, at(1s));
  add(&table, {.trace = 1, .id = 2}, at(2s));
  std::uint64_t trace = 3;
  while (table.memory_bytes() <= limits.bytes_max) add(&table, {.trace = trace++}, at(3s));
  ASSERT_EQ(table.next_shed(), second);
  table.close(second, CloseReason::Memory, at(4s));
  table.evict(second, at(4s));
  EXPECT_FALSE(table.next_shed().has_value());
  EXPECT_TRUE(table.find(test_trace_id(1)) == first);
}

TEST(TraceTableTest, ShedsWhatIsQuietBeforeWhatIsNotUnlessItGrowsAgain) {
  TableLimits limits = test_limits();
  limits.bytes_max = 1;  // always spent
  TraceTable table(limits);
  const TraceIndex first = add(&table, {.trace = 1, .parent = 9}, at(0s));
  const TraceIndex second = add(&table, {.trace = 2, .parent = 9}, at(1s));
  const TraceIndex third = add(&table, {.trace = 3, .parent = 9}, at(5s));
  EXPECT_FALSE(table.next_due(at(8s)).has_value()) << "the first two are quiet, but not complete";
  EXPECT_EQ(table.next_shed(), first);
  add(&table, {.trace = 1, .id = 2}, at(9s));
  EXPECT_EQ(table.next_shed(), second);
  table.close(second, CloseReason::Memory, at(9s));
  EXPECT_FALSE(table.next_shed().has_value()) << "a closed trace goes first";
  EXPECT_EQ(table.next_eviction(at(9s)), second);
  table.evict(second, at(9s));
  EXPECT_EQ(table.next_shed(), third);
}

TEST(TraceTableTest, CountsWhatATraceHasGrownTo) {
  TableLimits limits = test_limits();
  limits.closure.spans_max = 10'000;
  TraceTable table(limits);
  const std::uint64_t empty = table.memory_bytes();
  TraceIndex index = 0;
  for (std::uint64_t id = 1; id <= 10'000; ++id) {
    TestArrival span = arriving({.id = id});
    span.kept = {};
    if (id == 1) index = table.open(test_trace_id(1), at(0s));
    table.add(index, span, at(0s));
  }
  EXPECT_TRUE(table.is_full(index));
  EXPECT_GE(table.memory_bytes() - empty, 10'000 * (24 + 8)) << "ids, and an index of them";
  EXPECT_LE(table.memory_bytes() - empty, 10'000 * (36 + 17));
  table.close(index, CloseReason::SpanLimit, at(0s));
  table.evict(index, at(0s));
  EXPECT_EQ(table.memory_bytes(), empty);
}

TEST(TraceTableTest, GivesAllMemoryBack) {
  TraceTable table(test_limits());
  const std::uint64_t empty = table.memory_bytes();
  for (std::uint64_t trace = 1; trace <= 50; ++trace) {
    const TraceIndex index = add(&table, {.trace = trace}, at(0s));
    table.charge(index, 100);
    table.close(index, CloseReason::Idle, at(1s));
  }
  EXPECT_GT(table.memory_bytes(), empty);
  while (const auto index = table.next_eviction(at(61s))) table.evict(*index, at(61s));
  EXPECT_EQ(table.memory_bytes(), empty);
  EXPECT_FALSE(table.next_deadline().has_value());
}

TEST(TraceTableTest, NamesTheNextTimeThatSomethingIsDue) {
  TraceTable table(test_limits());
  EXPECT_FALSE(table.next_deadline().has_value());
  const TraceIndex index = add(&table, {.id = 1}, at(1s));
  EXPECT_EQ(table.next_deadline(), at(7s));
  table.close(index, CloseReason::Complete, at(7s));
  EXPECT_EQ(table.next_deadline(), at(67s));
}

}  // namespace
}  // namespace betrace::traces
