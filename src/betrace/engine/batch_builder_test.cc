// Goal: a batch holds the ids of every span and the spans that matter, each in the batch of its
// trace, and nothing of what nobody reads.

#include "betrace/engine/batch_builder.h"

#include <gtest/gtest.h>

#include <map>

#include "betrace/engine/test_rules.h"
#include "betrace/engine/test_time.h"
#include "betrace/model/full_span.h"
#include "betrace/traces/test_spans.h"

namespace betrace::engine {
namespace {

using traces::kept;
using traces::TestSpan;

TEST(BatchBuilderTest, KeepsTheSpansThatMeetAPredicateAndCountsTheOthers) {
  ActiveRules rules;
  rules.publish({test_rule("r", "when { pay.order } always { audit.log }")});
  std::vector<model::KeptSpan> spans;
  for (const char* name : {"work", "pay.order", "audit.log", "other"}) {
    spans.push_back(kept({.id = spans.size() + 1, .name = name}));
  }
  const SpanBatch batch = batch_of(rules, spans, "grpc");
  ASSERT_EQ(batch.items.size(), 4U);
  ASSERT_EQ(batch.kept.all().size(), 2U);
  EXPECT_EQ(batch.kept.all()[0].view->name, "pay.order");
  EXPECT_EQ(batch.kept.all()[1].view->name, "audit.log");
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(batch.items[i].record.span_id, spans[i].view().span_id);
    EXPECT_EQ(batch.items[i].is_kept, i == 1 || i == 2);
    EXPECT_EQ(batch.met_by(batch.items[i]).size(), i == 1 || i == 2 ? 1U : 0U);
  }
  EXPECT_EQ(batch.protocol, "grpc");
  EXPECT_EQ(batch.rules, rules.current());
  EXPECT_EQ(batch_of(rules, spans, "grpc", Keep::All).kept.all().size(), 4U);
}

TEST(BatchBuilderTest, CountsItsOwnSpansAndTakesNothingOfThem) {
  ActiveRules rules;
  rules.publish({test_rule("r", "span.duration >= 0ns")});
  const SpanBatch batch = batch_of(rules, std::vector<model::KeptSpan>(), "json");
  EXPECT_TRUE(batch.is_empty());
  std::vector<model::KeptSpan> spans;
  spans.push_back(kept({.id = 1, .scope_name = "betrace"}));
  const SpanBatch own = batch_of(rules, spans, "json");
  EXPECT_EQ(own.own_spans, 1U);
  EXPECT_TRUE(own.items.empty());
  EXPECT_FALSE(own.is_empty()) << "the shard must count it";
}

TEST(BatchBuilderTest, LeavesOutEventsAndLinksThatNoRuleReads) {
  const model::FullSpan full;
  const auto kept_by = [&full](const char* expression) {
    ActiveRules rules;
    rules.publish({test_rule("r", expression)});
    std::vector<model::KeptSpan> spans;
    spans.push_back(model::KeptSpan::copy(full.span));
    return batch_of(rules, spans, "json");
  };
  const SpanBatch lean = kept_by("span.duration >= 0ns");
  EXPECT_TRUE(lean.kept.all()[0].view->events.empty());
  EXPECT_TRUE(lean.kept.all()[0].view->links.empty());
  const SpanBatch events = kept_by("span.events.any(event.name == \"retry\")");
  EXPECT_EQ(events.kept.all()[0].view->events.size(), 2U);
  const SpanBatch links = kept_by("span.links.count() > 0");
  EXPECT_EQ(links.kept.all()[0].view->links.size(), 1U);
}

class SparingTest : public testing::Test {
 protected:
  // As if the rule had broken too often.
  void silence(const char* rule) {
    while (noise_->allow(rule, at(std::chrono::seconds(0)))) {
    }
  }
  std::size_t kept_of(const TestSpan& span) {
    builder_.begin(rules_.current(), rules_.current(), "json");
    builder_.add(kept(span).view());
    return builder_.batches().front().kept.all().size();
  }

  ActiveRules rules_;
  std::shared_ptr<NoiseLimit> noise_ = std::make_shared<NoiseLimit>(
      NoiseLimits{.enabled = true, .per_rule = {1, 3}, .total = {}}, NoiseLimit::Report());
  BatchBuilder builder_{1, {}, Keep::Met, noise_};
};

TEST_F(SparingTest, KeepsNoSpanForSilentRulesAlone) {
  rules_.publish(
      {test_rule("always", "span.duration >= 0ns"), test_rule("paid", "count(pay.order) > 9")});
  EXPECT_EQ(kept_of({.id = 1}), 1U);
  silence("always");
  EXPECT_EQ(kept_of({.id = 1}), 0U);
  EXPECT_EQ(kept_of({.id = 1, .name = "pay.order"}), 1U) << "another rule asks for it";
  noise_->advance(at(std::chrono::seconds(1)));
  EXPECT_EQ(kept_of({.id = 1}), 1U);
}

TEST_F(SparingTest, KeepsASpanForWhichOneOfTwoRulesMaySpeak) {
  rules_.publish({test_rule("a", "span.duration >= 0ns"), test_rule("b", "span.duration >= 0ns")});
  silence("a");
  EXPECT_EQ(kept_of({.id = 1}), 1U);
  silence("b");
  EXPECT_EQ(kept_of({.id = 1}), 0U);
}

TEST_F(SparingTest, KeepsASpanForAnOlderRuleThatMaySpeak) {
  rules_.publish({test_rule("a", "span.duration >= 0ns"), test_rule("b", "span.duration >= 0ns")});
  const auto older = rules_.current();  // a trace is still judged by it
  rules_.publish({test_rule("a", "span.duration >= 0ns"), test_rule("b", "span.duration > 1h")});
  silence("a");
  EXPECT_EQ(kept_of({.id = 1}), 1U);
}

TEST_F(SparingTest, KeepsASpanThatATraceRuleAsksForToo) {
  rules_.publish({test_rule("a", "span.duration >= 0ns"),
                  test_rule("b", "trace.has(span.duration >= 0ns) and not pay.order")});
  silence("a");
  silence("b");
  EXPECT_EQ(kept_of({.id = 1}), 1U);
}

TEST_F(SparingTest, KeepsEverySpanOfWhichAMessageMayTell) {
  model::Rule rule;
  rule.id = "a";
  rule.expression = "span.duration >= 0ns";
  rule.message = "{span.name} of {trace.root.name}";
  rules_.publish({test_rule(rule)});
  silence("a");
  EXPECT_EQ(kept_of({.id = 1}), 1U);
}

TEST(BatchBuilderTest, GivesAllSpansOfATraceToOneShard) {
  ActiveRules rules;
  BatchBuilder builder(4, {11, 22});
  std::map<std::string, std::size_t> owners;
  std::size_t used = 0;
  for (std::uint64_t round = 0; round < 2; ++round) {
    builder.begin(rules.current(), rules.current(), "json");
    for (std::uint64_t trace = 1; trace <= 100; ++trace) {
      builder.add(kept({.trace = trace, .id = round + 1}).view());
    }
    const std::span<const SpanBatch> batches = builder.batches();
    ASSERT_EQ(batches.size(), 4U);
    for (std::size_t shard = 0; shard < batches.size(); ++shard) {
      if (!batches[shard].is_empty()) ++used;
      for (const SpanBatch::Item& item : batches[shard].items) {
        const auto known = owners.emplace(item.record.trace_id.hex(), shard).first;
        EXPECT_EQ(known->second, shard);
      }
    }
  }
  EXPECT_EQ(owners.size(), 100U);
  EXPECT_EQ(used, 8U) << "a hundred traces are spread over all shards";
}

}  // namespace
}  // namespace betrace::engine
