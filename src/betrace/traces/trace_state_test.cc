// Goal: a trace counts each span id once and knows what closing and grading ask.

#include "betrace/traces/trace_state.h"

#include <gtest/gtest.h>

#include <array>

#include "betrace/traces/test_spans.h"

namespace betrace::traces {
namespace {

using namespace std::chrono_literals;

TraceContext& shared_context() {
  static TraceContext context({11, 22}, 0);
  return context;
}

TraceState empty_trace() { return TraceState(test_trace_id(1), at(0ns), false, shared_context()); }

TEST(TraceStateTest, TakesTheFirstCopyOfASpan) {
  TraceState trace = empty_trace();
  EXPECT_EQ(trace.add(arriving({.id = 1, .name = "first"}), at(0ns)), AddResult::Added);
  EXPECT_EQ(trace.add(arriving({.id = 1, .name = "first"}), at(5ns)), AddResult::Duplicate);
  EXPECT_EQ(trace.add(arriving({.id = 1, .name = "other"}), at(9ns)), AddResult::Conflicting);
  ASSERT_EQ(trace.views().all.size(), 1U);
  EXPECT_EQ(trace.views().all[0]->name, "first");
}

TEST(TraceStateTest, IsNotKeptAwakeByDuplicates) {
  TraceState trace = empty_trace();
  trace.add(arriving({.id = 1}), at(3ns));
  trace.add(arriving({.id = 1}), at(5ns));
  EXPECT_EQ(trace.activity().last_arrival, at(3ns));
  EXPECT_EQ(trace.activity().span_count, 1U);
}

TEST(TraceStateTest, ComparesAttributesOfACopy) {
  TraceState trace = empty_trace();
  const std::vector<model::AttributeView> one = {{"k", model::ValueView::integer(1)}};
  const std::vector<model::AttributeView> two = {{"k", model::ValueView::real(1)}};
  trace.add(arriving({.id = 1, .attributes = one}), at(0ns));
  EXPECT_EQ(trace.add(arriving({.id = 1, .attributes = one}), at(0ns)), AddResult::Duplicate);
  EXPECT_EQ(trace.add(arriving({.id = 1, .attributes = two}), at(0ns)), AddResult::Conflicting);
}

TEST(TraceStateTest, FindsDuplicatesInALongTrace) {
  TraceState trace = empty_trace();
  for (std::uint64_t i = 1; i <= 500; ++i) {
    ASSERT_EQ(trace.add(arriving({.id = i}), at(0ns)), AddResult::Added);
  }
  for (std::uint64_t i = 1; i <= 500; ++i) {
    ASSERT_EQ(trace.add(arriving({.id = i}), at(0ns)), AddResult::Duplicate);
  }
}

TEST(TraceStateTest, ComparesParentAndStartOfACopyThatIsNotKept) {
  TraceState trace = empty_trace();
  const auto counted = [](const TestSpan& span) {
    TestArrival arrives = arriving(span);
    arrives.kept = {};
    return arrives;
  };
  trace.add(counted({.id = 1, .parent = 2, .start = 5}), at(0ns));
  EXPECT_EQ(trace.add(counted({.id = 1, .parent = 2, .start = 5}), at(0ns)), AddResult::Duplicate);
  EXPECT_EQ(trace.add(counted({.id = 1, .parent = 3, .start = 5}), at(0ns)),
            AddResult::Conflicting);
  EXPECT_EQ(trace.add(counted({.id = 1, .parent = 2, .start = 6}), at(0ns)),
            AddResult::Conflicting);
  EXPECT_EQ(trace.add(arriving({.id = 1, .parent = 2, .start = 5}), at(0ns)),
            AddResult::Conflicting)
      << "it met a predicate, and the first one did not";
}

TEST(TraceStateTest, ShowsSpansInOrderOfArrivalWhicheverAreKept) {
  TraceState trace = empty_trace();
  for (std::uint64_t id = 1; id <= 100; ++id) {
    TestArrival span = arriving({.id = id});
    if (id % 3 != 0) span.kept = {};
    trace.add(span, at(0ns));
    EXPECT_EQ(trace.last_span() != nullptr, id % 3 == 0);
  }
  const TraceViews views = trace.views();
  ASSERT_EQ(views.all.size(), 100U);
  for (std::uint64_t id = 1; id <= 100; ++id) {
    EXPECT_EQ(views.all[id - 1]->span_id, test_span_id(id));
    EXPECT_EQ(views.all[id - 1]->is_counted_only, id % 3 != 0);
  }
}

TEST(TraceStateTest, MissesAParentUntilItArrives) {
  TraceState trace = empty_trace();
  trace.add(arriving({.id = 1}), at(0ns));
  trace.add(arriving({.id = 3, .parent = 2}), at(0ns));
  EXPECT_TRUE(trace.activity().has_root);
  EXPECT_EQ(trace.grade(CloseReason::Idle), Completeness::Orphans);
  trace.add(arriving({.id = 2, .parent = 1}), at(0ns));
  EXPECT_TRUE(trace.activity().misses_parent) << "it is not known before the trace is settled";
  trace.settle();
  EXPECT_FALSE(trace.activity().misses_parent);
  EXPECT_EQ(trace.grade(CloseReason::Idle), Completeness::Complete);
}

TEST(TraceStateTest, DoesNotTakeASpanThatNamesItselfForAnOrphan) {
  TraceState trace = empty_trace();
  trace.add(arriving({.id = 1}), at(0ns));
  trace.add(arriving({.id = 2, .parent = 2}), at(0ns));
  EXPECT_EQ(trace.grade(CloseReason::Idle), Completeness::Complete);
}

TEST(TraceStateTest, HasNoRootWhenNoSpanIsWithoutParent) {
  TraceState trace = empty_trace();
  trace.add(arriving({.id = 1, .parent = 2}), at(0ns));
  trace.add(arriving({.id = 2, .parent = 1}), at(0ns));
  EXPECT_EQ(trace.grade(CloseReason::Idle), Completeness::NoRoot);
}

TEST(TraceStateTest, IsTruncatedByASpanThatLostParts) {
  TraceState trace = empty_trace();
  trace.add(arriving({.id = 1, .cut = true}), at(0ns));
  EXPECT_EQ(trace.grade(CloseReason::Complete), Completeness::Truncated);
}

TEST(TraceStateTest, SpansTheEarliestStartAndTheLatestCorrectedEnd) {
  TraceState trace = empty_trace();
  trace.add(arriving({.id = 1, .start = 100, .end = 200}), at(0ns));
  trace.add(arriving({.id = 2, .start = 50, .end = 60}), at(0ns));
  trace.add(arriving({.id = 3, .start = 500, .end = 10}), at(0ns));
  EXPECT_EQ(trace.start(), 50U);
  EXPECT_EQ(trace.end(), 500U);
}

TEST(TraceStateTest, CountsTheMemoryOfItsSpansAndGivesItBack) {
  TraceContext context({11, 22}, 0);
  {
    TraceState trace(test_trace_id(1), at(0ns), false, context);
    TestArrival span = arriving({.id = 1});
    const std::array<std::uint32_t, 1> met = {7};
    span.met = met;
    const std::size_t bytes = span.kept.byte_count;
    trace.add(span, at(0ns));
    EXPECT_EQ(trace.activity().byte_count, bytes + sizeof(SpanIds::Entry));
    EXPECT_EQ(context.pool.used_bytes(), 192 + 32 + 32 + BlockPool::size_for(bytes) + 8)
        << "ids, kept spans, predicates, a span";
  }
  EXPECT_EQ(context.pool.used_bytes(), 0U);
}

TEST(TraceStateTest, KeepsOnlyTheIdsOfASpanThatNoRuleAsksFor) {
  TraceState trace = empty_trace();
  TestArrival counted = arriving({.id = 2, .parent = 1, .name = "work", .start = 7, .end = 9});
  counted.kept = {};
  trace.add(arriving({.id = 1, .name = "root"}), at(0ns));
  trace.add(counted, at(0ns));
  const TraceViews views = trace.views();
  ASSERT_EQ(views.all.size(), 2U);
  EXPECT_FALSE(views.all[0]->is_counted_only);
  EXPECT_TRUE(views.all[1]->is_counted_only);
  EXPECT_EQ(views.all[1]->span_id, test_span_id(2));
  EXPECT_EQ(views.all[1]->parent_span_id, test_span_id(1));
  EXPECT_EQ(views.all[1]->start_time_unix_nano, 7U);
  EXPECT_EQ(trace.last_span(), nullptr);
  EXPECT_EQ(trace.grade(CloseReason::Complete), Completeness::Complete);
}

TEST(TraceStateTest, CountsHowManySpansMetAPredicate) {
  TraceState trace = empty_trace();
  const std::vector<std::uint32_t> first = {3, 8};
  const std::vector<std::uint32_t> second = {1, 8};
  for (const auto* met : {&first, &second}) {
    TestArrival span = arriving({.id = met == &first ? 1U : 2U});
    span.met = *met;
    trace.add(span, at(0ns));
  }
  TestArrival copy = arriving({.id = 2});
  copy.met = second;
  trace.add(copy, at(0ns));
  EXPECT_EQ(trace.met().count(1), 1U);
  EXPECT_EQ(trace.met().count(3), 1U);
  EXPECT_EQ(trace.met().count(8), 2U) << "a duplicate counts once";
  EXPECT_EQ(trace.met().count(2), 0U);
}

}  // namespace
}  // namespace betrace::traces
