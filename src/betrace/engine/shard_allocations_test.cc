// Goal: a shard that has seen traffic for a while takes nothing from the heap for more of the same.
// Guaranteed, for the building and judging of batches: no allocation for spans that meet no
// predicate, nor for spans that meet one while no rule can be violated, however traces open, grow,
// close and are evicted, by time or by memory; as long as what leaves at once fits the stock of the
// pool, 1/32 of the budget. A violation may allocate. Method: malloc() counts. A sanitizer brings
// its own, so under one this is skipped.

#include <gtest/gtest.h>

#include "betrace/base/heap_asked.h"
#include "betrace/engine/batch_builder.h"
#include "betrace/engine/shard.h"
#include "betrace/engine/test_rules.h"
#include "betrace/engine/test_time.h"
#include "betrace/traces/test_spans.h"

namespace betrace::engine {
namespace {

using namespace std::chrono_literals;
using traces::kept;
using traces::TestSpan;

class ShardAllocationsTest : public testing::Test {
 protected:
  static constexpr std::chrono::milliseconds kStep{5};
  static constexpr std::uint64_t kTracesPerStep = 20;
  static constexpr int kWarmUp = 2'100;  // after ten seconds the shard first notes how blind it was

  ShardAllocationsTest() {
    options_.table.closure.quiet = 50ms;
    options_.table.closure.idle_max = 100ms;
    options_.table.late_max = 50ms;
    options_.table.bytes_max = 16U << 20U;
    options_.noise.enabled = false;
    rules_.publish({test_rule("both", "work and other.span"),
                    test_rule("apart", "count(work) > 1000 and not other.span"),
                    test_rule("slow", "span.duration > 5us"),
                    test_rule("mixed", "span.name == \"work\" and count(x.y) > 2")});
  }

  void SetUp() override {
    if (kHeapIsSanitized)
      GTEST_SKIP() << "NOT CHECKED: a sanitizer has the heap; run the release build";
  }

  // Each step opens traces and gives those of the last ten steps their next spans, so that a trace
  // has 3 to 100 of them. All but a fifth get their root in the ninth step, and are complete.
  std::vector<model::KeptSpan> next_spans(std::string_view name) {
    std::vector<model::KeptSpan> spans;
    const std::uint64_t step = ++step_;
    for (std::uint64_t age = 0; age < 10 && age < step; ++age) {
      for (std::uint64_t i = 0; i < kTracesPerStep; ++i) {
        const std::uint64_t trace = (step - age) * kTracesPerStep + i;
        const std::uint64_t count = i == 0 ? 10 : (i % 3 == 0 || age % 4 == 0 ? 1 : 0);
        const std::uint64_t root = i % 5 == 4 ? 999 : 81;
        for (std::uint64_t id = age * 10 + 1; id <= age * 10 + count; ++id) {
          spans.push_back(
              kept({.trace = trace, .id = id, .parent = id == root ? 0 : root, .name = name}));
        }
      }
    }
    return spans;
  }

  // Allocations of builder and shard in so many steps.
  std::uint64_t allocations(int steps, std::string_view name) {
    std::uint64_t counted = 0;
    for (int i = 0; i < steps; ++i) {
      const std::vector<model::KeptSpan> spans = next_spans(name);
      const Now now = at(step_ * kStep);
      const std::uint64_t before = heap_asked;
      builder_.begin(rules_.current(), rules_.current(), "json");
      for (const model::KeptSpan& span : spans) builder_.add(span.view());
      shard().add(builder_.batches().front(), now);
      counted += heap_asked - before;
    }
    return counted;
  }

  Shard& shard() {
    if (shard_ == nullptr) shard_ = std::make_unique<Shard>(options_, rules_, sink_);
    return *shard_;
  }

  ShardOptions options_;
  ActiveRules rules_;
  TestSink sink_;
  std::unique_ptr<Shard> shard_;
  BatchBuilder builder_;
  std::uint64_t step_ = 0;
};

TEST_F(ShardAllocationsTest, TheCounterSeesTheHeap) {
  const std::uint64_t before = heap_asked;
  const auto one = std::make_unique<std::uint64_t>(before);
  const auto many = std::make_unique<std::uint64_t[]>(before + 1);
  EXPECT_EQ(heap_asked - before, 2U) << *one << many[0];
  EXPECT_GT(allocations(10, "nothing"), 0U) << "a new shard needs memory";
}

TEST_F(ShardAllocationsTest, SpansThatMeetNoPredicateAllocateNothing) {
  allocations(kWarmUp, "nothing");
  const std::uint64_t closed = shard().statistics().closed();
  EXPECT_EQ(allocations(2'000, "nothing"), 0U);
  EXPECT_GT(shard().statistics().closed(), closed + 10'000);
  EXPECT_GT(shard().statistics().closed(model::CloseReason::Idle), 0U);
}

TEST_F(ShardAllocationsTest, SpansThatMeetOneAllocateNothingUnlessARuleCanBeViolated) {
  allocations(kWarmUp, "work");
  EXPECT_EQ(allocations(2'000, "work"), 0U);
  EXPECT_TRUE(sink_.records.empty());
}

TEST_F(ShardAllocationsTest, TracesThatLeaveForMemoryMakeRoomWithoutTheHeap) {
  options_.table.late_max = 1h;
  options_.table.bytes_max = 600'000;
  allocations(kWarmUp, "nothing");
  EXPECT_EQ(allocations(2'000, "nothing"), 0U);
  const ShardStatistics& numbers = shard().statistics();
  EXPECT_LE(numbers.traces_bytes, 600'000U);
  EXPECT_LT(numbers.traces_kept_closed, 2'000U) << "memory bounds them";
  EXPECT_GT(numbers.closed(model::CloseReason::Complete), 10'000U);
}

TEST_F(ShardAllocationsTest, OpenTracesThatAreShedMakeRoomWithoutTheHeap) {
  options_.table.bytes_max = 600'000;
  options_.table.closure.quiet = options_.table.closure.idle_max = 10s;  // none closes by time
  allocations(kWarmUp, "nothing");
  EXPECT_EQ(allocations(2'000, "nothing"), 0U);
  EXPECT_LE(shard().statistics().traces_bytes, 600'000U);
  EXPECT_GT(shard().statistics().closed(model::CloseReason::Memory), 10'000U);
}

}  // namespace
}  // namespace betrace::engine
