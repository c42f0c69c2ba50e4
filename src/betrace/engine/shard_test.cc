// Goal: what scenarios cannot say: the bytes of a violation, exact counting, memory, quarantine.
// The life of a trace itself is tested by tests/scenarios.

#include "betrace/engine/shard.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "betrace/engine/batch_builder.h"
#include "betrace/engine/test_rules.h"
#include "betrace/engine/test_time.h"
#include "betrace/traces/test_spans.h"

namespace betrace::engine {
namespace {

using namespace std::chrono_literals;
using model::RecordType;
using model::ValueView;
using traces::kept;
using traces::TestSpan;

class ShardTest : public testing::Test {
 protected:
  ShardTest() {
    options_.table.bytes_max = 4U << 20U;
    options_.noise.enabled = false;
    hooks_.suppressed = [this](const SuppressionSummary& summary) { held_back_ += summary.count; };
    hooks_.quarantined = [this](const std::string& id) { quarantined_.push_back(id); };
  }

  Shard& shard() {
    if (shard_ == nullptr) shard_ = std::make_unique<Shard>(options_, rules_, sink_, hooks_);
    return *shard_;
  }

  void add(const std::vector<TestSpan>& spans, std::chrono::nanoseconds time = 0s) {
    std::vector<model::KeptSpan> all;
    for (const TestSpan& span : spans) all.push_back(kept(span));
    shard().add(batch_of(rules_, all, "json"), at(time));
  }

  RuleStatistics rule(const char* id) { return shard().statistics().rules.find(id)->second; }

  ShardOptions options_;
  ShardHooks hooks_;
  ActiveRules rules_;
  TestSink sink_;
  std::uint64_t held_back_ = 0;
  std::vector<std::string> quarantined_;
  std::unique_ptr<Shard> shard_;
};

TEST_F(ShardTest, DerivesTheIdFromRuleExpressionTraceAndSpan) {
  rules_.publish({test_rule("slow", "span.duration>5us -- a comment"),
                  test_rule("lonely", "not  other.span")});
  add({{.trace = 1, .id = 7, .start = 0, .end = 6'000}});
  shard().close_all(model::CloseReason::Complete, at(1s));
  ASSERT_EQ(sink_.records.size(), 2U);
  const model::TraceId trace = traces::test_trace_id(1);
  const model::SpanId span = traces::test_span_id(7);
  const auto normalized = [this](const char* id) {
    return rules_.current()->find(id)->checked.normalized;
  };
  EXPECT_EQ(sink_.records[0].violation.key,
            model::violation_key("slow", normalized("slow"), trace, &span));
  EXPECT_EQ(sink_.records[1].violation.key,
            model::violation_key("lonely", normalized("lonely"), trace, nullptr));
}

TEST_F(ShardTest, TellsTheRuleAsItWas) {
  model::Rule rule;
  rule.id = "slow";
  rule.name = "Slow request";
  rule.expression = "span.duration > 5us";
  rule.severity = model::Severity::Critical;
  rule.tags = {"soc2:CC6.1"};
  rule.message = "{span.name} took {span.duration} in {trace.span_count} spans";
  rule.revision = 4;
  rules_.publish({test_rule(rule)});
  add({{.id = 1}, {.id = 2, .parent = 1, .name = "pay", .start = 500, .end = 6'500}}, 3s);
  ASSERT_EQ(sink_.records.size(), 1U);
  const model::Violation& violation = sink_.records[0].violation;
  EXPECT_EQ(violation.rule_name, "Slow request");
  EXPECT_EQ(violation.rule_revision, 4U);
  EXPECT_EQ(violation.severity, model::Severity::Critical);
  EXPECT_EQ(violation.tags, std::vector<std::string>{"soc2:CC6.1"});
  EXPECT_EQ(violation.message, "pay took 6us in 2 spans");
  EXPECT_EQ(violation.span_id, traces::test_span_id(2));
  EXPECT_EQ(violation.anchor_name, "pay");
  EXPECT_EQ(violation.anchor_duration_ns, 6'000U);
  EXPECT_EQ(violation.timestamp, at(3s).wall);
  EXPECT_EQ(violation.trace_start, 500U);
  EXPECT_EQ(violation.trace_end, 6'500U);
  EXPECT_EQ(violation.spans_seen, 2U);
}

TEST_F(ShardTest, ShowsOnlyAttributesThatTheRuleReadsOrThatAreAllowed) {
  rules_.use(std::make_shared<const Redaction>(
      RedactionLists{.allow = {"http.route", "app.*"}, .deny = {}}, Secret("key")));
  rules_.publish({test_rule("r", "span.attributes[\"user.type\"] == \"admin\"")});
  const std::vector<model::AttributeView> attributes = {
      {"user.type", ValueView::string("admin")}, {"password", ValueView::string("secret")},
      {"http.route", ValueView::string("/x")},   {"http.routes", ValueView::string("no")},
      {"app.a", ValueView::integer(1)},          {"service.name", ValueView::string("shop")}};
  add({{.id = 1, .attributes = attributes}});
  ASSERT_EQ(sink_.records.size(), 1U);
  std::vector<std::string> keys;
  for (const auto& attribute : sink_.records[0].violation.witnesses[0].span.view().attributes) {
    keys.emplace_back(attribute.key);
  }
  EXPECT_EQ(keys, (std::vector<std::string>{"user.type", "http.route", "app.a", "service.name"}));
  EXPECT_EQ(sink_.records[0].violation.service, "shop");
}

TEST_F(ShardTest, ShowsThirtyTwoWitnessesAndCountsAll) {
  rules_.publish({test_rule("r", "count(work) > 2")});
  std::vector<TestSpan> spans;
  for (std::uint64_t i = 1; i <= 40; ++i) spans.push_back({.id = i, .parent = i - 1, .start = i});
  std::reverse(spans.begin(), spans.end());
  add(spans);
  ASSERT_EQ(sink_.records.size(), 1U);
  const model::Violation& violation = sink_.records[0].violation;
  EXPECT_EQ(violation.witness_count, 40U);
  ASSERT_EQ(violation.witnesses.size(), 32U);
  for (std::uint64_t i = 0; i < 32; ++i) {
    EXPECT_EQ(violation.witnesses[i].span.view().span_id, traces::test_span_id(i + 1));
  }
}

TEST_F(ShardTest, NamesTheClauseThatEachWitnessProves) {
  rules_.publish({test_rule("r", "span.name == \"a.b\" and trace.has(span.name == \"c.d\")")});
  add({{.id = 1, .name = "c.d", .start = 1},
       {.id = 2, .parent = 1, .name = "a.b", .start = 2},
       {.id = 3, .parent = 1, .name = "a.b", .start = 3}});
  shard().advance(at(6s));
  ASSERT_EQ(sink_.records.size(), 2U) << "early, and final";
  const auto& witnesses = sink_.records[1].violation.witnesses;
  ASSERT_EQ(witnesses.size(), 3U);
  EXPECT_EQ(witnesses[0].role, "trace.has(span.name == \"c.d\")");
  EXPECT_EQ(witnesses[1].role, "span.name == \"a.b\"");
  EXPECT_EQ(witnesses[2].role, "span.name == \"a.b\"") << "of the second violating span";
  EXPECT_EQ(sink_.records[1].violation.span_id, traces::test_span_id(2));
}

TEST_F(ShardTest, SaysForAnAbsenceHowMuchWasSearched) {
  rules_.publish({test_rule("r", "when { work } always { audit.log }")});
  add({{.id = 1}, {.id = 2, .parent = 1, .name = "other"}});
  shard().advance(at(6s));
  ASSERT_EQ(sink_.records.size(), 1U);
  const model::Explanation& explanation = sink_.records[0].violation.explanation;
  EXPECT_NE(explanation.summary.find("searched for in the whole trace, and none of its 2 spans"),
            std::string::npos)
      << explanation.summary;
  EXPECT_EQ(explanation.spans_examined, 2U);
  EXPECT_EQ(explanation.scope, "trace");
  ASSERT_EQ(explanation.clauses.size(), 2U);
  EXPECT_TRUE(explanation.clauses[0].value);
  EXPECT_EQ(explanation.clauses[0].spans, std::vector{traces::test_span_id(1)});
  EXPECT_FALSE(explanation.clauses[1].value);
  EXPECT_TRUE(explanation.clauses[1].spans.empty());
}

TEST_F(ShardTest, RecordsOrSuppressesEachDecisionExactlyOnce) {
  options_.noise = {.enabled = true, .per_rule = {10, 50}, .total = {1'000, 70}};
  rules_.publish({test_rule("always", "span.duration >= 0ns"),
                  test_rule("early", "count(work) > 0"), test_rule("late", "not other.span")});
  std::uint64_t spans = 0;
  for (std::uint64_t trace = 0; trace < 200; ++trace) {
    add({{.trace = trace, .id = 1}, {.trace = trace, .id = 2, .parent = 1}}, trace * 100ms);
    spans += 2;
  }
  shard().close_all(model::CloseReason::Complete, at(100s));
  std::map<std::string, std::uint64_t> first;
  std::map<std::string, std::uint64_t> finals;
  for (const auto& record : sink_.records) {
    ++(record.type == RecordType::Violation ? first : finals)[record.violation.rule_id];
  }
  std::uint64_t suppressed = 0;
  for (const char* id : {"always", "early", "late"}) {
    EXPECT_EQ(rule(id).decided, rule(id).recorded + rule(id).suppressed) << id;
    EXPECT_EQ(rule(id).recorded, first[id]) << id;
    EXPECT_EQ(rule(id).decided, rule(id).violation) << id;
    suppressed += rule(id).suppressed;
  }
  EXPECT_EQ(rule("always").decided, spans);
  EXPECT_EQ(finals["early"], rule("early").recorded) << "what is suppressed gets no final";
  EXPECT_EQ(held_back_, suppressed);
  EXPECT_GT(suppressed, 0U);
}

TEST_F(ShardTest, QuarantinesARuleThatSpendsItsBudgetAHundredTimesInARow) {
  options_.rule_steps_max = 20;
  rules_.publish({test_rule("dear",
                            "count(work and span.preceded_by(span.attributes[\"a\"] != "
                            "anchor.attributes[\"a\"])) > 3"),
                  test_rule("cheap", "work")});
  const auto judge = [this](std::uint64_t trace) {
    std::vector<TestSpan> spans;
    for (std::uint64_t i = 1; i <= 9; ++i) {
      spans.push_back({.trace = trace, .id = i, .start = i * 10, .end = i * 10 + 1});
    }
    add(spans);
    shard().close_all(model::CloseReason::Complete, at(0s));
  };
  for (std::uint64_t trace = 0; trace < 99; ++trace) judge(trace);
  EXPECT_TRUE(quarantined_.empty());
  judge(99);
  EXPECT_EQ(quarantined_, std::vector<std::string>{"dear"});
  EXPECT_TRUE(rule("dear").is_quarantined);
  judge(100);
  EXPECT_EQ(rule("dear").error, 100U);
  EXPECT_EQ(rule("dear").not_made, 1U);
  EXPECT_EQ(rule("cheap").violation, 101U);
  EXPECT_DOUBLE_EQ(shard().statistics().blindness().ratio(), 0.5);

  model::Rule changed;
  changed.id = "dear";
  changed.expression = "no.such.span";
  changed.revision = 2;
  rules_.publish({test_rule(changed), test_rule("cheap", "work")});
  judge(101);
  EXPECT_FALSE(rule("dear").is_quarantined) << "the next version gets its own chance";
  EXPECT_EQ(rule("dear").pass, 1U);
}

TEST_F(ShardTest, ShedsTheIdlestOpenTraceWhenMemoryIsSpent) {
  options_.table.bytes_max = 16'000;
  rules_.publish({test_rule("lonely", "not other.span")});
  for (std::uint64_t trace = 1; trace <= 30; ++trace) {
    add({{.trace = trace, .id = 1}}, trace * 1ms);
    EXPECT_LE(shard().statistics().traces_bytes, 16'000U);
  }
  const ShardStatistics& numbers = shard().statistics();
  const std::uint64_t shed = numbers.closed(model::CloseReason::Memory);
  EXPECT_GT(shed, 0U);
  EXPECT_EQ(shed + numbers.traces_open, 30U);
  ASSERT_EQ(sink_.records.size(), shed);
  for (std::uint64_t i = 0; i < shed; ++i) {
    EXPECT_EQ(sink_.records[i].violation.trace_id, traces::test_trace_id(i + 1));
    EXPECT_EQ(sink_.records[i].violation.completeness, model::Completeness::Shed);
  }
  EXPECT_EQ(numbers.ingested(), 30U);
  EXPECT_EQ(numbers.dropped(), 0U);
}

TEST_F(ShardTest, DecidesLateSpansOfATraceBeforeMemoryTakesIt) {
  options_.table.bytes_max = 8'000;
  rules_.publish({test_rule("pair", "work and other.span")});
  add({{.trace = 1, .id = 1}});
  shard().advance(at(6s));
  std::vector<TestSpan> batch = {{.trace = 1, .id = 2, .parent = 1, .name = "other.span"}};
  for (std::uint64_t trace = 2; trace <= 30; ++trace) batch.push_back({.trace = trace, .id = 1});
  add(batch, 7s);
  ASSERT_GE(sink_.records.size(), 1U);
  EXPECT_EQ(sink_.records[0].violation.trace_id, traces::test_trace_id(1));
  EXPECT_TRUE(sink_.records[0].violation.late);
}

TEST_F(ShardTest, ClosesAGiantTraceTruncatedAndCountsWhatItTakesNoMore) {
  options_.table.closure.spans_max = 2'000;
  rules_.publish({test_rule("lonely", "not other.span")});
  for (std::uint64_t begin = 1; begin <= 5'000; begin += 100) {
    std::vector<TestSpan> batch;
    for (std::uint64_t id = begin; id < begin + 100; ++id) batch.push_back({.trace = 1, .id = id});
    add(batch);
    EXPECT_LE(shard().statistics().traces_bytes, options_.table.bytes_max);
  }
  const ShardStatistics& numbers = shard().statistics();
  EXPECT_EQ(numbers.closed(model::CloseReason::SpanLimit), 1U);
  EXPECT_EQ(numbers.closed(model::Completeness::Truncated), 1U);
  EXPECT_EQ(numbers.ingested(), 2'000U);
  EXPECT_EQ(numbers.spans_trace_limit, 3'000U);
  ASSERT_EQ(sink_.records.size(), 1U);
  EXPECT_EQ(sink_.records[0].violation.completeness, model::Completeness::Truncated);
}

TEST_F(ShardTest, ShedsAGiantTraceThatAloneIsAboveTheBudget) {
  options_.table.bytes_max = 40'000;
  rules_.publish({test_rule("lonely", "not other.span")});
  std::vector<TestSpan> batch = {{.trace = 2, .id = 1}};
  for (std::uint64_t id = 1; id <= 3'000; ++id) batch.push_back({.trace = 1, .id = id});
  add(batch);
  const ShardStatistics& numbers = shard().statistics();
  EXPECT_LE(numbers.traces_bytes, 40'000U);
  EXPECT_GT(numbers.closed(model::CloseReason::Memory), 1U) << "its remainders are shed as well";
  EXPECT_EQ(numbers.ingested(), 3'001U);
  ASSERT_GE(sink_.records.size(), 2U);
  EXPECT_EQ(sink_.records[0].violation.trace_id, traces::test_trace_id(2)) << "idle for longest";
  EXPECT_EQ(sink_.records[1].violation.trace_id, traces::test_trace_id(1));
}

TEST_F(ShardTest, GivesMemoryBackWhenTracesAreForgotten) {
  rules_.publish({test_rule("lonely", "not other.span")});
  const std::uint64_t empty = shard().statistics().traces_bytes;
  for (std::uint64_t trace = 1; trace <= 100; ++trace) add({{.trace = trace, .id = 1}});
  shard().advance(at(10min));
  EXPECT_EQ(shard().statistics().traces_bytes, empty);
  EXPECT_FALSE(shard().next_deadline().has_value());
}

TEST_F(ShardTest, FreesRuleVersionsWithTheirLastTrace) {
  ActiveRulePtr old = test_rule("r", "not other.span");
  const std::weak_ptr<const ActiveRule> watched = old;
  rules_.publish({std::move(old)});
  add({{.trace = 1, .id = 1}});
  rules_.publish({test_rule("s", "not other.span")});
  add({{.trace = 2, .id = 1}}, 1s);
  EXPECT_FALSE(watched.expired()) << "the first trace is still open";
  shard().advance(at(10min));
  rules_.publish({});
  shard().advance(at(11min));
  EXPECT_TRUE(watched.expired());
  EXPECT_TRUE(shard().statistics().rules.empty());
}

TEST_F(ShardTest, KeepsTheSumOfWhatItCountedOfRulesThatAreGone) {
  rules_.publish({test_rule("gone", "span.duration > 1s")});
  add({{.trace = 1, .id = 1}, {.trace = 1, .id = 2}});
  shard().advance(at(10min));
  ASSERT_EQ(rule("gone").due(), 2U);
  rules_.publish({});
  shard().advance(at(11min));
  EXPECT_TRUE(shard().statistics().rules.empty());
  EXPECT_EQ(shard().statistics().rules_forgotten.due(), 2U);
}

TEST_F(ShardTest, MeasuresOneEvaluationInMany) {
  std::map<std::string, std::vector<double>> weights;
  hooks_.sampled = [&](const EvaluationSample& sample) {
    weights[std::string(sample.rule_id)].push_back(sample.weight);
    EXPECT_GT(sample.time, 0ns);
  };
  std::int64_t ticks = 0;
  options_.stopwatch = [&ticks] { return MonotonicTime(std::chrono::nanoseconds(10 * ++ticks)); };
  rules_.publish(
      {test_rule("apart", "other.span and not x.y"), test_rule("lonely", "work and not x.y")});
  for (std::uint64_t trace = 0; trace < 2'048; ++trace) add({{.trace = trace, .id = 1}});
  shard().close_all(model::CloseReason::Complete, at(1s));
  EXPECT_TRUE(weights["apart"].empty()) << "no trace was worth an evaluation";
  EXPECT_EQ(weights["lonely"], std::vector<double>(32, 64));
}

TEST_F(ShardTest, TellsHowBlindItWasOfLate) {
  options_.rule_steps_max = 3;
  rules_.publish({test_rule("dear", "trace.avg(span.duration, work) > 1h")});
  add({{.trace = 1, .id = 1}, {.trace = 1, .id = 2}, {.trace = 1, .id = 3}, {.trace = 1, .id = 4}});
  shard().advance(at(30s));
  EXPECT_DOUBLE_EQ(shard().statistics().recent_blindness().ratio(), 1);
  EXPECT_DOUBLE_EQ(rule("dear").recent.ratio(), 1);
  for (int minute = 1; minute <= 6; ++minute) shard().advance(at(minute * 1min));
  EXPECT_DOUBLE_EQ(shard().statistics().recent_blindness().ratio(), 0);
  EXPECT_DOUBLE_EQ(shard().statistics().blindness().ratio(), 1) << "since the start";
}

TEST_F(ShardTest, TakesAnEarlierTimeForTheLatestOne) {
  rules_.publish({test_rule("lonely", "not other.span")});
  add({{.trace = 1, .id = 1}}, 100s);
  add({{.trace = 2, .id = 1}}, 1s);
  shard().advance(at(106s));
  EXPECT_EQ(shard().statistics().closed(model::CloseReason::Complete), 2U);
}

TEST_F(ShardTest, DropsItsOwnSpansBeforeTheyOpenATrace) {
  rules_.publish({test_rule("always", "span.duration >= 0ns")});
  add({{.trace = 1, .id = 1, .scope_name = "betrace"}});
  EXPECT_EQ(shard().statistics().spans_own, 1U);
  EXPECT_EQ(shard().statistics().traces_open, 0U);
  EXPECT_TRUE(sink_.records.empty());
}

}  // namespace
}  // namespace betrace::engine
