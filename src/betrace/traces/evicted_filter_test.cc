// Goal: evicted ids are remembered within the given memory, and hardly any other id is.

#include "betrace/traces/evicted_filter.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "betrace/base/sanitized_heap.h"
#include "betrace/traces/test_spans.h"

namespace betrace::traces {
namespace {

constexpr HashKey kFilterKey = {1234567, 7654321};

TEST(EvictedFilterTest, RemembersWhatWasInserted) {
  EvictedFilter filter(64 * 1024, kFilterKey);
  for (std::uint64_t i = 0; i < 4'000; ++i) filter.insert(test_trace_id(i));
  for (std::uint64_t i = 3'000; i < 4'000; ++i) EXPECT_TRUE(filter.contains(test_trace_id(i)));
}

TEST(EvictedFilterTest, KnowsNoOtherId) {
  EvictedFilter filter(64 * 1024, kFilterKey);
  for (std::uint64_t i = 0; i < 16'000; ++i) filter.insert(test_trace_id(i));
  for (std::uint64_t i = 16'000; i < 116'000; ++i) EXPECT_FALSE(filter.contains(test_trace_id(i)));
}

TEST(EvictedFilterTest, ForgetsTheOldestFirstWhenItIsFull) {
  constexpr std::uint64_t kRemembered = 16;  // for certain; a few more wait to be written
  EvictedFilter filter(1, kFilterKey);       // one bucket
  EXPECT_EQ(filter.byte_count(), 64U);
  for (std::uint64_t i = 0; i < 100; ++i) filter.insert(test_trace_id(i));
  EXPECT_FALSE(filter.contains(test_trace_id(0)));
  for (std::uint64_t i = 100 - kRemembered; i < 100; ++i) {
    EXPECT_TRUE(filter.contains(test_trace_id(i))) << i;
  }
}

TEST(EvictedFilterTest, RemembersAnIdFromItsInsertionOn) {
  EvictedFilter filter(64 * 1024, kFilterKey);
  for (std::uint64_t i = 0; i < 100; ++i) {
    EXPECT_FALSE(filter.contains(test_trace_id(i)));
    filter.insert(test_trace_id(i));
    EXPECT_TRUE(filter.contains(test_trace_id(i)));
  }
}

TEST(EvictedFilterTest, KeepsOnePlaceForAnIdThatIsInsertedAgain) {
  EvictedFilter filter(1, kFilterKey);
  for (std::uint64_t i = 0; i < 16; ++i) filter.insert(test_trace_id(i));
  filter.insert(test_trace_id(0));
  for (std::uint64_t i = 0; i < 16; ++i) EXPECT_TRUE(filter.contains(test_trace_id(i))) << i;
}

TEST(EvictedFilterTest, NeverUsesMoreThanItsMemory) {
  EXPECT_EQ(EvictedFilter(1'000, kFilterKey).byte_count(), 15U * 64);
}

long page_faults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

// A page that is read before it is written faults twice, and the second time on all processors.
TEST(EvictedFilterTest, TouchesNoPageBeforeAnIdIsWrittenThere) {
  constexpr std::uint64_t kPages = 16'384;
  constexpr long kOthers = 1'000;  // of whatever else happens meanwhile
  if (kHeapIsSanitized) {
    GTEST_SKIP() << "NOT CHECKED: a sanitizer has the heap; run the release build";
  }
  EvictedFilter filter(kPages * 4096, kFilterKey);
  const long before = page_faults();
  for (std::uint64_t i = 0; i < 8 * kPages; ++i) {
    ASSERT_FALSE(filter.contains(test_trace_id(i)));
  }
  EXPECT_LT(page_faults() - before, kOthers);
  for (std::uint64_t i = 0; i < 8 * kPages; ++i) filter.insert(test_trace_id(i));
  EXPECT_LT(page_faults() - before, static_cast<long>(kPages) + kOthers);
}

}  // namespace
}  // namespace betrace::traces
