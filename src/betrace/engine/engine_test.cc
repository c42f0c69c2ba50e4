// Goal: the door refuses what it cannot take, and never loses what it took.
// Method: a clock by hand, and a sink that can be held; the only waiting is for the shard's thread.

#include "betrace/engine/engine.h"

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "betrace/engine/test_rules.h"
#include "betrace/traces/test_spans.h"

namespace betrace::engine {
namespace {

using namespace std::chrono_literals;
using traces::kept;
using traces::TestSpan;

constexpr auto kWait = 10s;  // far more than any test needs

/// Holds the shard's thread while it is closed.
class GateSink : public model::ViolationSink {
 public:
  void record(model::ViolationRecord record) override {
    std::unique_lock<std::mutex> lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return is_open_; });
    --waiting_;
    records_.push_back(std::move(record));
  }
  [[nodiscard]] bool is_full() const noexcept override { return is_full_; }

  void open() {
    const std::lock_guard<std::mutex> lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }
  void close() {
    const std::lock_guard<std::mutex> lock(mutex_);
    is_open_ = false;
  }
  void wait_for_visitor() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return waiting_ > 0; });
  }
  void set_full(bool is_full) { is_full_ = is_full; }
  std::vector<model::ViolationRecord> take() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return std::move(records_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_open_ = true;
  int waiting_ = 0;
  std::atomic<bool> is_full_{false};
  std::vector<model::ViolationRecord> records_;
};

class EngineTest : public testing::Test {
 protected:
  EngineTest() {
    rules_.publish(
        {test_rule("slow", "span.duration > 5us"), test_rule("lonely", "not other.span")});
    options_.tick = 1ms;
    options_.shard.table.bytes_max = 4U << 20U;
    options_.clock = [this] {
      const std::int64_t now = now_.load();
      return Now{MonotonicTime(std::chrono::nanoseconds(now)), static_cast<UnixNanos>(now)};
    };
  }

  void build() { engine_ = std::make_unique<Engine>(options_, rules_, sink_); }
  void start() {
    build();
    engine_->start();
  }
  void pass(std::chrono::nanoseconds time) { now_ += time.count(); }

  // Admits and submits as a receiver does; false if refused.
  bool send(const std::vector<TestSpan>& spans) {
    if (engine_->admit(100 * spans.size()).has_value()) return false;
    submit(spans);
    return true;
  }

  void submit(const std::vector<TestSpan>& spans) {
    const auto intake = engine_->open({"grpc"});
    for (const TestSpan& span : spans) intake->add(kept(span).view());
    intake->submit();
  }

  std::string refusal(std::size_t bytes = 10) {
    const auto refusal = engine_->admit(bytes);
    return refusal.has_value() ? std::string(refusal->limit) : "none";
  }

  ActiveRules rules_;
  GateSink sink_;
  EngineOptions options_;
  std::atomic<std::int64_t> now_{0};
  std::unique_ptr<Engine> engine_;
};

TEST_F(EngineTest, RefusesBeforeItStartsAndAfterItDrained) {
  build();
  EXPECT_EQ(refusal(), "stopping");
  engine_->start();
  EXPECT_EQ(refusal(), "none");
  EXPECT_TRUE(engine_->drain(kWait));
  EXPECT_EQ(refusal(), "stopping");
}

// A reader learns only on its way that a request is malformed.
TEST_F(EngineTest, ForgetsWhatIsNotSubmitted) {
  start();
  engine_->open({"grpc"})->add(kept({.id = 1}).view());
  submit({{.trace = 2, .id = 2}});
  ASSERT_TRUE(engine_->wait_until_idle(kWait));
  EXPECT_EQ(engine_->statistics().spans_ingested.at("grpc"), 1U);
  EXPECT_EQ(engine_->statistics().traces_open, 1U);
}

TEST_F(EngineTest, RecordsWhoseKeyBroughtTheLastSpanBeforeTheDecision) {
  rules_.publish({test_rule("span", "span.name == \"a.b\""), test_rule("trace", "not c.d")});
  start();
  const auto send_as = [this](std::string_view key, const TestSpan& span) {
    const auto intake = engine_->open({"grpc", key});
    intake->add(kept(span).view());
    intake->submit();
  };
  send_as("shop", {.trace = 1, .id = 1, .name = "a.b"});
  send_as("edge", {.trace = 1, .id = 2, .parent = 1});
  send_as("", {.trace = 2, .id = 1, .name = "a.b"});
  EXPECT_TRUE(engine_->drain(kWait));
  std::map<std::pair<std::string, std::string>, std::string> keys;
  for (const auto& record : sink_.take()) {
    const model::Violation& violation = record.violation;
    keys[{violation.rule_id, violation.trace_id.hex().substr(30)}] = violation.ingest_key;
  }
  const decltype(keys) expected = {{{"span", "01"}, "shop"},
                                   {{"trace", "01"}, "edge"},
                                   {{"span", "02"}, ""},
                                   {{"trace", "02"}, ""}};
  EXPECT_EQ(keys, expected);
}

TEST(SenderNamesTest, ANumberStandsForANameAndNoneForTooMany) {
  SenderNames names;
  EXPECT_EQ(names.number_of(""), 0);
  EXPECT_EQ(names.name_of(0), "");
  const std::uint16_t shop = names.number_of("shop");
  EXPECT_EQ(names.number_of("edge"), shop + 1);
  EXPECT_EQ(names.number_of("shop"), shop);
  EXPECT_EQ(names.name_of(shop), "shop");
  for (std::size_t i = 2; i < SenderNames::kNamesMax; ++i) {
    EXPECT_NE(names.number_of("k" + std::to_string(i)), 0);
  }
  EXPECT_EQ(names.number_of("one too many"), 0);
  EXPECT_EQ(names.number_of("edge"), shop + 1);
}

TEST_F(EngineTest, JudgesWhatIsSubmitted) {
  start();
  ASSERT_TRUE(send({{.id = 1, .start = 0, .end = 6'000}, {.id = 2, .parent = 1}}));
  ASSERT_TRUE(engine_->wait_until_idle(kWait));
  const auto records = sink_.take();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].violation.rule_id, "slow");
  EXPECT_EQ(engine_->statistics().spans_ingested.at("grpc"), 2U);
  EXPECT_EQ(engine_->statistics().traces_open, 1U);
}

TEST_F(EngineTest, ClosesTracesWhenTheirTimeComes) {
  start();
  ASSERT_TRUE(send({{.id = 1}}));
  ASSERT_TRUE(engine_->wait_until_idle(kWait));
  pass(6s);
  while (engine_->statistics().traces_open != 0) std::this_thread::yield();
  const auto records = sink_.take();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].violation.rule_id, "lonely");
  EXPECT_EQ(records[0].violation.close_reason, model::CloseReason::Complete);
}

TEST_F(EngineTest, DecidesOpenTracesWhenItDrains) {
  start();
  ASSERT_TRUE(send({{.trace = 1, .id = 1}, {.trace = 2, .id = 1}}));
  EXPECT_TRUE(engine_->drain(kWait));
  EXPECT_EQ(engine_->undecided(), 0U);
  const auto records = sink_.take();
  ASSERT_EQ(records.size(), 2U);
  for (const auto& record : records) {
    EXPECT_EQ(record.violation.completeness, model::Completeness::Shed);
    EXPECT_EQ(record.violation.close_reason, model::CloseReason::Shutdown);
  }
  EXPECT_EQ(engine_->statistics().closed(), 2U);
}

TEST_F(EngineTest, RefusesWhenItsQueueHasNoRoom) {
  options_.queue_bytes_max = 2'000;
  start();
  sink_.close();
  ASSERT_TRUE(send({{.id = 1, .start = 0, .end = 6'000}}));
  sink_.wait_for_visitor();
  const std::size_t room = 2'000 - engine_->queued_bytes();
  EXPECT_EQ(refusal(room), "none") << "equality still fits";
  EXPECT_EQ(refusal(room + 1), "ingest_queue");
  sink_.open();
  ASSERT_TRUE(engine_->wait_until_idle(kWait));
  EXPECT_EQ(engine_->queued_bytes(), 0U);
  EXPECT_EQ(refusal(room + 1), "none");
}

TEST_F(EngineTest, TakesALargeRequestWhenNothingWaits) {
  options_.queue_bytes_max = 100;
  start();
  EXPECT_EQ(refusal(1'000'000), "none");
}

TEST_F(EngineTest, AsksForMoreTimeTheLongerItsQueueIs) {
  options_.queue_bytes_max = 1;
  start();
  sink_.close();
  ASSERT_TRUE(send({{.id = 1, .start = 0, .end = 6'000}}));
  sink_.wait_for_visitor();
  submit({{.id = 2}});
  EXPECT_EQ(engine_->admit(1)->retry_after_seconds, 1U);
  pass(5s);
  const std::uint32_t later = engine_->admit(1)->retry_after_seconds;
  EXPECT_GE(later, 5U);
  EXPECT_LE(later, 7U);
  pass(1h);
  for (int i = 0; i < 10; ++i) {
    const std::uint32_t longest = engine_->admit(1)->retry_after_seconds;
    EXPECT_GE(longest, 8U);
    EXPECT_LE(longest, 10U);
  }
  sink_.open();
}

TEST_F(EngineTest, RefusesWhileTheSinkOrTheMemoryIsFull) {
  std::atomic<bool> is_short = false;
  options_.is_memory_short = [&is_short] { return is_short.load(); };
  start();
  sink_.set_full(true);
  EXPECT_EQ(refusal(), "log.pending");
  is_short = true;
  EXPECT_EQ(refusal(), "memory");
  sink_.set_full(false);
  is_short = false;
  EXPECT_EQ(refusal(), "none");
}

// A queue that waits must not make traces look idle: spans count from when they came.
TEST_F(EngineTest, CountsArrivalFromTheDoorNotFromTheQueue) {
  start();
  sink_.close();
  ASSERT_TRUE(send({{.id = 1, .start = 0, .end = 6'000}}));
  sink_.wait_for_visitor();
  pass(5s);
  ASSERT_TRUE(send({{.id = 2, .parent = 1, .name = "other.span"}}));
  pass(20s);
  sink_.open();
  ASSERT_TRUE(engine_->wait_until_idle(kWait));
  while (engine_->statistics().traces_open != 0) std::this_thread::yield();
  EXPECT_EQ(engine_->statistics().spans_late_redecided, 0U);
  EXPECT_EQ(sink_.take().size(), 1U) << "only the slow span: other.span came in time";
}

TEST_F(EngineTest, AddsUpUnderLoadFromManySenders) {
  options_.queue_bytes_max = 20'000;
  options_.shard.table.closure.spans_max = 50;
  start();
  constexpr int kSenders = 4;
  constexpr std::uint64_t kRequests = 300;
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> refused{0};
  std::vector<std::thread> senders;
  for (std::uint64_t sender = 0; sender < kSenders; ++sender) {
    senders.emplace_back([this, sender, &accepted, &refused] {
      for (std::uint64_t i = 0; i < kRequests; ++i) {
        // Among them: spans sent twice, spans beyond the limit of a trace, and our own.
        const std::vector<TestSpan> spans = {{.trace = sender, .id = i + 1},
                                             {.trace = sender, .id = i + 1},
                                             {.trace = 100 + i, .id = sender + 1},
                                             {.trace = 7, .id = i + 1, .scope_name = "betrace"}};
        while (!send(spans)) {
          refused += spans.size();
          std::this_thread::yield();
        }
        accepted += spans.size();
        pass(1ms);
      }
    });
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_TRUE(engine_->drain(kWait));
  const ShardStatistics numbers = engine_->statistics();
  EXPECT_EQ(accepted, kSenders * kRequests * 4);
  EXPECT_GT(refused, 0U) << "the queue is small enough to be full";
  EXPECT_EQ(numbers.ingested() + numbers.dropped(), accepted);
  EXPECT_EQ(numbers.spans_own, accepted / 4);
  EXPECT_GT(numbers.spans_duplicate, 0U);
  EXPECT_GT(numbers.spans_trace_limit, 0U);
  EXPECT_EQ(numbers.traces_open, 0U);
}

TEST_F(EngineTest, SaysWhatItLeftUndecidedWhenTheGraceWasTooShort) {
  start();
  ASSERT_TRUE(send({{.trace = 1, .id = 1}, {.trace = 2, .id = 1}, {.trace = 3, .id = 1}}));
  ASSERT_TRUE(engine_->wait_until_idle(kWait));
  sink_.close();
  EXPECT_FALSE(engine_->drain(20ms));
  EXPECT_EQ(engine_->undecided(), 3U) << "the first record never came through";
  sink_.open();
}

// The body of an admitted request may come when the engine has ended.
TEST_F(EngineTest, JudgesWhatWasAdmittedBeforeADrainAndIsSubmittedAfterIt) {
  start();
  ASSERT_TRUE(send({{.trace = 1, .id = 1}}));
  ASSERT_EQ(refusal(), "none");
  ASSERT_TRUE(engine_->drain(kWait));
  submit({{.trace = 2, .id = 1}, {.trace = 2, .id = 2, .parent = 1}});
  submit({{.trace = 1, .id = 2, .parent = 1, .name = "other.span"}});
  submit({{.trace = 3, .id = 1, .scope_name = "betrace"}});
  const ShardStatistics numbers = engine_->statistics();
  EXPECT_EQ(numbers.ingested(), 4U);
  EXPECT_EQ(numbers.dropped(), 1U);
  EXPECT_EQ(numbers.traces_open, 0U);
  const auto records = sink_.take();
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[1].violation.trace_id, traces::test_trace_id(2));
  EXPECT_EQ(records[1].violation.close_reason, model::CloseReason::Shutdown);
  EXPECT_EQ(records[2].violation.trace_id, traces::test_trace_id(1)) << "withdrawn: it came late";
  EXPECT_EQ(engine_->queued_bytes(), 0U);
  EXPECT_TRUE(engine_->wait_until_idle(kWait));
}

TEST_F(EngineTest, CountsTheSpansThatADrainOutOfTimeLeaves) {
  start();
  sink_.close();
  ASSERT_TRUE(send({{.trace = 1, .id = 1, .start = 0, .end = 6'000}}));
  sink_.wait_for_visitor();
  submit({{.trace = 2, .id = 1}, {.trace = 3, .id = 1}});
  EXPECT_FALSE(engine_->drain(20ms));
  submit({{.trace = 4, .id = 1}});
  sink_.open();
  while (engine_->statistics().ingested() == 0) std::this_thread::yield();
  submit({{.trace = 5, .id = 1}, {.trace = 5, .id = 2, .scope_name = "betrace"}});
  const ShardStatistics numbers = engine_->statistics();
  EXPECT_EQ(numbers.ingested(), 1U);
  EXPECT_EQ(numbers.spans_shutdown, 5U);
  EXPECT_EQ(numbers.dropped(), 5U);
  EXPECT_EQ(engine_->undecided(), 1U);
  EXPECT_EQ(engine_->queued_bytes(), 0U);
}

TEST_F(EngineTest, TakesNewRulesForTracesThatOpenAfterThem) {
  start();
  ASSERT_TRUE(send({{.trace = 1, .id = 1}}));
  ASSERT_TRUE(engine_->wait_until_idle(kWait));
  rules_.publish({test_rule("new", "not no.such.span")});
  ASSERT_TRUE(send({{.trace = 2, .id = 1}}));
  EXPECT_TRUE(engine_->drain(kWait));
  const auto records = sink_.take();
  ASSERT_EQ(records.size(), 1U) << "`lonely` was removed: it is silent on the first trace";
  EXPECT_EQ(records[0].violation.rule_id, "new");
  EXPECT_EQ(records[0].violation.trace_id, traces::test_trace_id(2));
}

TEST_F(EngineTest, SeveralShardsTogetherKnowEveryTraceOnce) {
  options_.shards = 4;
  start();
  for (std::uint64_t trace = 1; trace <= 200; ++trace) {
    ASSERT_TRUE(send({{.trace = trace, .id = 1, .start = 0, .end = 6'000}}));
    ASSERT_TRUE(send({{.trace = trace, .id = 2, .parent = 1}, {.trace = trace, .id = 2}}));
  }
  EXPECT_TRUE(engine_->drain(kWait));
  const ShardStatistics numbers = engine_->statistics();
  EXPECT_EQ(numbers.closed(), 200U);
  EXPECT_EQ(numbers.ingested(), 400U);
  EXPECT_EQ(numbers.spans_duplicate, 200U);
  EXPECT_EQ(numbers.rules.at("slow").violation, 200U);
  EXPECT_EQ(numbers.rules.at("slow").pass, 200U);
  EXPECT_EQ(numbers.rules.at("lonely").violation, 200U);
  EXPECT_EQ(sink_.take().size(), 400U);
}

TEST_F(EngineTest, CountsEachDecisionOfASilentRuleWithoutKeepingItsSpans) {
  options_.shards = 2;
  options_.shard.noise = {.enabled = true, .per_rule = {10, 20}, .total = {}};
  rules_.publish({test_rule("always", "span.duration >= 0ns")});
  std::atomic<std::uint64_t> summed{0};
  ShardHooks hooks;
  hooks.suppressed = [&summed](const SuppressionSummary& summary) { summed += summary.count; };
  engine_ = std::make_unique<Engine>(options_, rules_, sink_, hooks);
  engine_->start();
  for (std::uint64_t id = 1; id <= 300; ++id) {
    std::vector<TestSpan> spans;
    for (std::uint64_t trace = 1; trace <= 20; ++trace) spans.push_back({.trace = trace, .id = id});
    spans.push_back({.trace = 1, .id = id});  // a second copy
    submit(spans);
    ASSERT_TRUE(engine_->wait_until_idle(kWait));
    pass(10ms);
  }
  EXPECT_TRUE(engine_->drain(kWait));
  const ShardStatistics numbers = engine_->statistics();
  const RuleStatistics& rule = numbers.rules.at("always");
  EXPECT_EQ(rule.violation, 6'000U);
  EXPECT_EQ(rule.decided, 6'000U);
  EXPECT_EQ(rule.recorded, sink_.take().size());
  EXPECT_EQ(rule.recorded + rule.suppressed, 6'000U);
  EXPECT_EQ(summed, rule.suppressed);
  // The burst, and ten a second for three seconds.
  EXPECT_GE(rule.recorded, 40U);
  EXPECT_LE(rule.recorded, 50U);
  EXPECT_EQ(numbers.spans_duplicate, 300U);
  EXPECT_EQ(numbers.spans_conflicting, 0U) << "some were kept and their copies were not";
}

// Rules change all the time while traces arrive in parts from many senders.
TEST_F(EngineTest, ATraceIsJudgedByOneVersionOfARuleHoweverOftenItChanges) {
  options_.shards = 3;
  options_.shard.noise.enabled = false;
  options_.queue_bytes_max = 1U << 30U;
  const auto version = [](std::uint64_t revision) {
    model::Rule rule;
    rule.id = "every";
    // The text changes too, so that the network does.
    rule.expression = "span.duration >= " + std::to_string(revision % 50) + "ns";
    rule.revision = revision;
    return std::vector<ActiveRulePtr>{test_rule(rule)};
  };
  rules_.publish(version(1));
  start();
  constexpr std::uint64_t kSenders = 3;
  constexpr std::uint64_t kTraces = 300;
  std::atomic<std::uint64_t> running{kSenders};
  std::barrier together(kSenders);
  std::vector<std::thread> senders;
  for (std::uint64_t sender = 0; sender < kSenders; ++sender) {
    senders.emplace_back([this, sender, &running, &together] {
      // Each sends a span of every trace, all at about the same time.
      for (std::uint64_t trace = 1; trace <= kTraces; ++trace) {
        together.arrive_and_wait();
        const auto intake = engine_->open({"grpc"});
        intake->add(kept({.trace = trace, .id = sender + 1, .start = 1, .end = 100}).view());
        // Some take their time, so that rules may change meanwhile.
        for (std::uint64_t i = (trace + sender) % kSenders * 5; i > 0; --i) {
          std::this_thread::yield();
        }
        intake->submit();
      }
      --running;
    });
  }
  std::uint64_t revision = 1;
  while (running != 0) {
    rules_.publish(version(++revision));
    std::this_thread::yield();
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_TRUE(engine_->drain(kWait));

  std::map<std::string, std::set<std::uint64_t>> revisions;  // by trace
  std::map<std::string, std::uint64_t> spans;
  for (const model::ViolationRecord& record : sink_.take()) {
    const std::string trace = record.violation.trace_id.hex();
    revisions[trace].insert(record.violation.rule_revision);
    ++spans[trace];
  }
  EXPECT_EQ(engine_->statistics().ingested(), kSenders * kTraces);
  EXPECT_EQ(spans.size(), kTraces);
  std::set<std::uint64_t> seen;
  for (const auto& [trace, used] : revisions) {
    EXPECT_EQ(used.size(), 1U) << trace << " was judged by several versions";
    EXPECT_EQ(spans[trace], kSenders) << trace;
    seen.insert(*used.begin());
  }
  EXPECT_GT(seen.size(), 3U) << "of " << revision << " versions";
}

}  // namespace
}  // namespace betrace::engine
