// Goal: whatever arrives whenever, the table closes each trace at the time and for the reason that
// the rules of closing give, in order of deadlines, and would shed the one that is idle longest.
// Method: a model with plain loops over all traces. BETRACE_SEED repeats a run.

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <random>

#include "betrace/base/test_seed.h"
#include "betrace/traces/test_spans.h"
#include "betrace/traces/trace_table.h"

namespace betrace::traces {
namespace {

using std::chrono::nanoseconds;

struct ModelTrace {
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::map<std::uint64_t, std::uint64_t> parents;  // by span

  [[nodiscard]] bool is_whole() const {
    const auto is_fine = [this](const auto& span) {
      return span.second == 0 || parents.contains(span.second);
    };
    return std::all_of(parents.begin(), parents.end(), is_fine) &&
           std::any_of(parents.begin(), parents.end(), [](const auto& s) { return s.second == 0; });
  }
};

struct ModelDue {
  std::int64_t deadline = 0;
  CloseReason reason = CloseReason::Idle;
};

// Nanoseconds.
constexpr std::int64_t kQuiet = 1'000'000;
constexpr std::int64_t kIdle = 5'000'000;
constexpr std::int64_t kAge = 20'000'000;

ModelDue due_of(const ModelTrace& trace) {
  ModelDue due{trace.last + kIdle, CloseReason::Idle};
  if (trace.is_whole()) due = {trace.last + kQuiet, CloseReason::Complete};
  if (trace.first + kAge <= due.deadline) due = {trace.first + kAge, CloseReason::MaxAge};
  return due;
}

class TableAgainstModel {
 public:
  explicit TableAgainstModel(std::uint64_t seed) : random_(seed) {}

  void run(int steps) {
    for (int step = 0; step < steps && !testing::Test::HasFatalFailure(); ++step) {
      now_ += 1 + static_cast<std::int64_t>(random_() % (random_() % 50 == 0 ? 4'000'000 : 60'000));
      if (random_() % 4 == 0) take_due();
      add_span();
      check_idle_longest();
    }
  }

  std::map<CloseReason, int> closed;

 private:
  static TableLimits limits() {
    TableLimits limits;
    limits.closure.quiet = std::chrono::milliseconds(1);
    limits.closure.idle_max = std::chrono::milliseconds(5);
    limits.closure.age_max = std::chrono::milliseconds(20);
    limits.bytes_max = 1;  // always spent: so a closed trace goes at once
    return limits;
  }

  void take_due() {
    while (!open_.empty()) {
      std::int64_t first = std::numeric_limits<std::int64_t>::max();
      for (const auto& [id, trace] : open_) first = std::min(first, due_of(trace).deadline);
      ASSERT_LE(*table_.next_deadline(), at(nanoseconds(first)));
      const auto due = table_.next_due(at(nanoseconds(now_)));
      ASSERT_EQ(due.has_value(), first <= now_);
      if (!due.has_value()) return;
      close(*due, first);
    }
    ASSERT_FALSE(table_.next_due(at(nanoseconds(now_))).has_value());
  }

  void close(const DueTrace& due, std::int64_t expected) {
    const auto found = std::find_if(open_.begin(), open_.end(), [&](const auto& entry) {
      return test_trace_id(entry.first) == table_.state(due.index).id();
    });
    ASSERT_NE(found, open_.end());
    ASSERT_EQ(due.deadline, at(nanoseconds(expected)));
    ASSERT_EQ(due_of(found->second).deadline, expected);
    ASSERT_EQ(due.reason, due_of(found->second).reason);
    ++closed[due.reason];
    table_.close(due.index, due.reason, at(nanoseconds(now_)));
    ASSERT_EQ(table_.next_eviction(at(nanoseconds(now_))), due.index);
    table_.evict(due.index, at(nanoseconds(now_)));
    open_.erase(found);
  }

  void add_span() {
    const std::uint64_t trace = 1 + random_() % 40;
    const std::uint64_t id = 1 + random_() % 8;
    const std::uint64_t parent = random_() % 3 == 0 ? 0 : 1 + random_() % 9;
    const auto known = table_.find(test_trace_id(trace));
    ASSERT_EQ(known.has_value(), open_.contains(trace));
    const TraceIndex index =
        known ? *known : table_.open(test_trace_id(trace), at(nanoseconds(now_)));
    if (!known) open_[trace].first = now_;
    const TableAdd added = table_.add(index, arriving({.trace = trace, .id = id, .parent = parent}),
                                      at(nanoseconds(now_)));
    const bool is_new = open_[trace].parents.emplace(id, parent).second;
    ASSERT_EQ(added == TableAdd::Added, is_new);
    if (is_new) open_[trace].last = now_;
  }

  void check_idle_longest() {
    const auto idle = std::min_element(
        open_.begin(), open_.end(),
        [](const auto& a, const auto& b) { return a.second.last < b.second.last; });
    const auto shed = table_.next_shed();
    ASSERT_TRUE(shed.has_value());
    ASSERT_EQ(table_.state(*shed).id(), test_trace_id(idle->first));
  }

  std::mt19937_64 random_;
  TraceTable table_{limits()};
  std::map<std::uint64_t, ModelTrace> open_;
  std::int64_t now_ = 1;
};

TEST(TraceTableModelTest, AgreesWithPlainLoops) {
  TableAgainstModel pair(test_seed());
  pair.run(30'000);
  for (const CloseReason reason : {CloseReason::Complete, CloseReason::Idle, CloseReason::MaxAge}) {
    EXPECT_GT(pair.closed[reason], 20) << static_cast<int>(reason);
  }
}

}  // namespace
}  // namespace betrace::traces
