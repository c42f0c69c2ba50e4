// Goal: each made trace violates exactly the rule that its scene is about, or none; a pass decodes
// to what the oracle expects; every pass is of new traces. Method: the payloads are decoded again
// and judged by the naive evaluator, for every vocabulary.

#include "betrace/bench/trace_maker.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "betrace/bench/bare_walk.h"
#include "betrace/bench/oracle.h"
#include "betrace/bench/pipeline.h"
#include "betrace/bench/traffic.h"
#include "betrace/otlp/json_trace_reader.h"
#include "betrace/otlp/trace_reader.h"
#include "betrace/rules/checked_rule.h"
#include "betrace/rules/naive_evaluator.h"

namespace betrace::bench {
namespace {

std::vector<rules::CheckedRule> checked(const BenchRules& rules) {
  std::vector<rules::CheckedRule> all;
  for (const BenchRule& rule : rules.rules()) {
    auto result = rules::check_rule(rule.expression);
    EXPECT_TRUE(result.has_value()) << rule.expression << ": " << result.error().message;
    if (result) all.push_back(std::move(*result));
  }
  return all;
}

// Trace id -> spans.
using Traces = std::map<std::string, std::vector<model::KeptSpan>>;

// (trace id, rule) -> violations: one per span in span scope, else one per trace.
std::map<std::pair<std::string, std::string>, std::uint64_t> judge(
    const Traces& traces, const BenchRules& rules, const std::vector<rules::CheckedRule>& all) {
  std::map<std::pair<std::string, std::string>, std::uint64_t> found;
  for (const auto& [id, spans] : traces) {
    std::vector<const model::SpanView*> views;
    for (const model::KeptSpan& span : spans) views.push_back(&span.view());
    const rules::LinkedTrace linked(views);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const rules::Evaluation result = rules::evaluate(all[i], linked);
      EXPECT_TRUE(result.evaluated);
      if (!result.matched) continue;
      found[{id, rules.rules()[i].id}] =
          all[i].scope == rules::Scope::Span ? result.violating.size() : 1;
    }
  }
  return found;
}

void decode(std::string_view body, Encoding encoding, Traces* traces) {
  const auto keep = [traces](const model::SpanView& span) {
    (*traces)[span.trace_id.hex()].push_back(model::KeptSpan::copy(span));
  };
  const auto summary = encoding == Encoding::Protobuf ? otlp::TraceReader().read(body, keep)
                                                      : otlp::JsonTraceReader().read(body, keep);
  ASSERT_TRUE(summary.has_value()) << summary.error().message;
  for (const std::uint64_t rejected : summary->rejected) EXPECT_EQ(rejected, 0u);
  for (const std::uint64_t cut : summary->truncated) EXPECT_EQ(cut, 0u);
}

struct Case {
  Shape shape;
  Vocabulary vocabulary;
  Encoding encoding;
  TraceSize size;
};

class TrafficTest : public testing::TestWithParam<Case> {
 protected:
  static TrafficOptions options(const Case& wanted) {
    TrafficOptions options;
    options.traces.shape = wanted.shape;
    options.traces.size = wanted.size;
    options.traces.violation_rate = 0.2;
    options.interleave = 300;
    options.spans_per_request = 97;  // so that requests end anywhere
    options.encoding = wanted.encoding;
    options.requests_min = 1;
    return options;
  }
};

TEST_P(TrafficTest, APassViolatesExactlyWhatItsScenesAreAbout) {
  const BenchRules rules(50, GetParam().vocabulary);
  Traffic traffic(options(GetParam()), rules);
  const IdKeys keys{12345, 3};
  Traces traces;
  std::uint64_t spans = 0;
  for (std::size_t i = 0; i < traffic.request_count(); ++i) {
    traffic.overwrite_ids(traffic.request(i), keys);
    decode(traffic.request(i).body, GetParam().encoding, &traces);
    spans += traffic.request(i).span_count;
  }
  EXPECT_EQ(traces.size(), traffic.trace_count());
  EXPECT_EQ(spans, traffic.span_count());
  std::map<std::pair<std::string, std::string>, std::uint64_t> expected;
  std::set<std::size_t> broken_rules;
  for (const StagedTrace& staged : traffic.staged()) {
    if (!staged.scene.is_broken) continue;
    broken_rules.insert(staged.scene.rule);
    expected[{keys.trace_id(staged.number, traffic.trace_count()).hex(),
              rules.rules()[staged.scene.rule].id}] = 1;
  }
  if (GetParam().size.least >= 6) {
    EXPECT_EQ(broken_rules.size(), 50u) << "every rule has its turn";
  }
  EXPECT_EQ(judge(traces, rules, checked(rules)), expected);
}

TEST_P(TrafficTest, SpansOfATraceKeepDistinctIdsAndKnownParentsInEveryPass) {
  const BenchRules rules(10, GetParam().vocabulary);
  Traffic traffic(options(GetParam()), rules);
  std::set<std::string> seen;
  for (const std::uint64_t pass : {0u, 1u, 7u}) {
    Traces traces;
    for (std::size_t i = 0; i < traffic.request_count(); ++i) {
      traffic.overwrite_ids(traffic.request(i), {99, pass});
      decode(traffic.request(i).body, GetParam().encoding, &traces);
    }
    for (const auto& [id, spans] : traces) {
      EXPECT_TRUE(seen.insert(id).second) << "the trace id came twice";
      std::set<model::SpanId> ids;
      for (const model::KeptSpan& span : spans) ids.insert(span.view().span_id);
      ASSERT_EQ(ids.size(), spans.size());
      std::size_t roots = 0;
      for (const model::KeptSpan& span : spans) {
        roots += span.view().is_root() ? 1 : 0;
        EXPECT_TRUE(span.view().is_root() || ids.contains(span.view().parent_span_id));
      }
      EXPECT_EQ(roots, 1u);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, TrafficTest,
    testing::Values(Case{Shape::TenAttributes, Vocabulary::Spread, Encoding::Protobuf, {20, 20}},
                    Case{Shape::TenAttributes, Vocabulary::Own, Encoding::Json, {20, 20}},
                    Case{Shape::ThreeAttributes, Vocabulary::Own, Encoding::Protobuf, {6, 6}},
                    Case{Shape::ThreeAttributes, Vocabulary::Spread, Encoding::Json, {1, 40}},
                    Case{Shape::Mixed, Vocabulary::Spread, Encoding::Protobuf, {20, 20}},
                    Case{Shape::Mixed, Vocabulary::Own, Encoding::Json, {1, 100}}));

TEST(TraceMakerTest, TheShapesHaveTheBytesThatTheirNamesPromise) {
  const BenchRules rules(50, Vocabulary::Spread);
  TrafficOptions options;
  options.interleave = 200;
  options.requests_min = 1;
  const Traffic ten(options, rules);
  EXPECT_NEAR(static_cast<double>(ten.byte_count()) / static_cast<double>(ten.span_count()), 458,
              25);
  options.traces.shape = Shape::ThreeAttributes;
  const Traffic three(options, rules);
  EXPECT_NEAR(static_cast<double>(three.byte_count()) / static_cast<double>(three.span_count()),
              183, 15);
}

TEST(TraceMakerTest, EveryRuleOfALargeSetLoadsAndHasBothScenes) {
  for (const Vocabulary vocabulary : {Vocabulary::Spread, Vocabulary::Own}) {
    const BenchRules rules(1'000, vocabulary);
    const auto all = checked(rules);
    ASSERT_EQ(all.size(), 1'000u);
    TraceOptions options;
    options.violation_rate = 0.5;
    const TraceMaker maker(options, rules);
    for (std::uint64_t number = 0; number < 200; ++number) {
      const MadeTrace made = maker.make(number * 10);
      ASSERT_TRUE(made.scene.has_value());
      std::vector<const model::SpanView*> views;
      for (const model::KeptSpan& span : made.spans) views.push_back(&span.view());
      const bool is_broken =
          rules::evaluate(all[made.scene->rule], rules::LinkedTrace(views)).matched;
      EXPECT_EQ(is_broken, made.scene->is_broken) << rules.rules()[made.scene->rule].expression;
    }
  }
}

TEST(TraceMakerTest, ScopesHaveTheSharesThatAreSaid) {
  const auto families_of = [](RuleMix mix) {
    std::map<RuleFamily, int> families;
    const BenchRules rules(50, Vocabulary::Spread, mix);
    for (const BenchRule& rule : rules.rules()) {
      ++families[rule.family];
    }
    return families;
  };
  using enum RuleFamily;
  EXPECT_EQ(families_of(RuleMix::Plain), (std::map<RuleFamily, int>{{Span, 25}, {Trace, 25}}));
  EXPECT_EQ(families_of(RuleMix::Usual),
            (std::map<RuleFamily, int>{{Span, 20}, {Trace, 20}, {Structure, 10}}));
  EXPECT_EQ(families_of(RuleMix::Structured),
            (std::map<RuleFamily, int>{{Span, 20}, {Trace, 15}, {Structure, 15}}));
  const BenchRules rules(50, Vocabulary::Spread);
  const auto all = checked(rules);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool is_span = rules.rules()[i].family == RuleFamily::Span;
    EXPECT_EQ(all[i].scope == rules::Scope::Span, is_span) << all[i].text;
  }
}

TEST(TraceMakerTest, BrokenTracesHaveTheShareThatIsAskedFor) {
  const BenchRules rules(50, Vocabulary::Spread);
  TraceOptions options;
  options.violation_rate = 0.01;
  const TraceMaker maker(options, rules);
  int broken = 0;
  int kept = 0;
  for (std::uint64_t number = 0; number < 5'000; ++number) {
    const auto scene = maker.make(number).scene;
    if (scene) ++(scene->is_broken ? broken : kept);
  }
  EXPECT_EQ(broken, 50);
  EXPECT_EQ(kept, 50);
}

TEST(BareWalkTest, SeesWhatTheReaderSees) {
  const BenchRules rules(10, Vocabulary::Spread);
  for (const Shape shape : {Shape::TenAttributes, Shape::ThreeAttributes, Shape::Mixed}) {
    TrafficOptions options;
    options.traces.shape = shape;
    options.interleave = 50;
    options.requests_min = 1;
    Traffic traffic(options, rules);
    for (std::size_t i = 0; i < traffic.request_count(); ++i) {
      const std::string& body = traffic.request(i).body;
      std::uint64_t attributes = 0;
      const auto summary = otlp::TraceReader().read(body, [&](const model::SpanView& span) {
        attributes += span.attributes.size();
        for (const model::EventView& event : span.events) attributes += event.attributes.size();
        for (const model::LinkView& link : span.links) attributes += link.attributes.size();
      });
      ASSERT_TRUE(summary.has_value());
      const WalkResult walked = bare_walk(body);
      EXPECT_EQ(walked.spans, traffic.request(i).span_count);
      // Each group of spans has four attributes of its resource besides.
      EXPECT_GT(walked.attributes, attributes);
      EXPECT_EQ((walked.attributes - attributes) % 4, 0u);
      EXPECT_LE((walked.attributes - attributes) / 4, 50u) << "one group for each service";
    }
  }
}

TEST(BareWalkTest, EndsAtWhatIsMalformed) {
  EXPECT_EQ(bare_walk("").spans, 0u);
  EXPECT_EQ(bare_walk("\x0a\xff").spans, 0u);
  EXPECT_EQ(bare_walk("\x0a\x7f").spans, 0u);
}

TEST(PipelineTest, DecidesWhatAPassIsAbout) {
  const BenchRules rules(50, Vocabulary::Own);
  TrafficOptions options;
  options.interleave = 100;
  options.spans_per_request = 100;
  options.traces.violation_rate = 0.2;
  options.requests_min = 1;
  Traffic traffic(options, rules);
  Pipeline pipeline(rules);
  ViolationCounts expected;
  for (std::uint64_t pass = 0; pass < 3; ++pass) {
    expect_pass(traffic, {7, pass}, &expected);
    for (std::size_t i = 0; i < traffic.request_count(); ++i) {
      traffic.overwrite_ids(traffic.request(i), {7, pass});
      pipeline.take(traffic.request(i).body);
    }
  }
  pipeline.finish();
  EXPECT_EQ(pipeline.spans(), 3 * traffic.span_count());
  EXPECT_GE(expected.size(), 60u);
  EXPECT_EQ(pipeline.violations(), expected);
}

TEST(TraceMakerTest, TraceSizesAreANumberOrARange) {
  EXPECT_EQ(text_of(*parse_trace_size("20")), "20");
  EXPECT_EQ(text_of(*parse_trace_size("zipf:1..1000")), "zipf:1..1000");
  for (const char* wrong : {"", "0", "10001", "zipf:", "zipf:5", "zipf:9..3", "20x", "zipf:1..x"}) {
    EXPECT_FALSE(parse_trace_size(wrong).has_value()) << wrong;
  }
}

}  // namespace
}  // namespace betrace::bench
