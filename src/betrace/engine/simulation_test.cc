// Goal: the violations of a trace, their ids, final witnesses and explanations are a function of
// the set of its spans, whatever the order, the batches, the duplicates and the delays.
// Method: random traces are judged by the naive evaluator on all their spans; then they are played
// in random ways, and what stands at the end must be the same. BETRACE_SEED repeats a run.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <map>
#include <set>

#include "betrace/base/test_seed.h"
#include "betrace/engine/batch_builder.h"
#include "betrace/engine/shard.h"
#include "betrace/engine/simulation_traces.h"
#include "betrace/engine/test_rules.h"
#include "betrace/engine/test_time.h"
#include "betrace/engine/violation_builder.h"

namespace betrace::engine {
namespace {

using namespace std::chrono_literals;
using model::RecordType;

// BETRACE_TRACES asks for more.
int trace_count(int quick) {
  const char* text = std::getenv("BETRACE_TRACES");
  return text == nullptr ? quick : std::atoi(text);
}

constexpr int kTraces = 2'000;
constexpr int kTracesAtOnce = 8;
constexpr int kWaysToArrive = 4;

ShardOptions options() {
  ShardOptions options;
  options.table.closure.quiet = 2s;
  options.table.closure.idle_max = 10s;
  options.table.late_max = 1h;  // nothing is evicted, so nothing is reopened
  options.table.bytes_max = 4ULL << 20U;
  options.noise.enabled = false;
  return options;
}

std::vector<ActiveRulePtr> simulation_rules() {
  std::vector<ActiveRulePtr> rules;
  for (const std::string_view expression : kSimulationRules) {
    model::Rule rule;
    rule.id = fmt::format("r{:02}", rules.size());
    rule.expression = expression;
    // Some are judged on complete traces only, whenever they become complete.
    rule.require_complete = rules.size() % 7 == 3;
    rules.push_back(test_rule(rule));
  }
  return rules;
}

/// What must not depend on arrival.
struct Claim {
  std::string rule;
  std::string anchor;
  std::vector<std::string> witnesses;
  std::uint64_t witness_count = 0;
  std::string explanation;
  std::string grade;
  std::string message;

  friend bool operator==(const Claim&, const Claim&) = default;
};

std::ostream& operator<<(std::ostream& out, const Claim& claim) {
  return out << claim.rule << " anchor " << claim.anchor << " witnesses "
             << fmt::format("{} of {}", fmt::join(claim.witnesses, ","), claim.witness_count)
             << " grade " << claim.grade << ": " << claim.explanation;
}

using Claims = std::map<std::string, Claim>;  // by violation id

Claim claim_of(const model::Violation& violation) {
  Claim claim;
  claim.rule = violation.rule_id;
  claim.anchor = violation.span_id.hex();
  for (const model::Witness& witness : violation.witnesses) {
    claim.witnesses.push_back(witness.span.view().span_id.hex() + " " + witness.role);
  }
  claim.witness_count = violation.witness_count;
  const model::Explanation& explanation = violation.explanation;
  claim.explanation =
      fmt::format("{} {} {}", explanation.summary, explanation.scope, explanation.spans_examined);
  for (const model::Clause& clause : explanation.clauses) {
    claim.explanation += fmt::format(" [{} {}", clause.text, clause.value);
    for (const model::SpanId& span : clause.spans) claim.explanation += " " + span.hex();
    claim.explanation += "]";
  }
  claim.message = violation.message;
  if (violation.completeness) claim.grade = model::name_of(*violation.completeness);
  return claim;
}

/// How often each way of telling a violation was taken: a simulation that never tries one is weak.
struct Coverage {
  std::map<std::string, int> counts;

  void note(const model::ViolationRecord& record) {
    const bool is_withdrawn = record.violation.status == model::ViolationStatus::Withdrawn;
    if (record.type == RecordType::Final) ++counts["final"];
    if (record.type == RecordType::Revision) ++counts[is_withdrawn ? "withdrawn" : "revision"];
    if (record.type == RecordType::Violation && record.violation.early) ++counts["early"];
    if (record.type == RecordType::Violation && record.violation.late) ++counts["late"];
  }
};

/// Both clocks, so long after the start.
using Clock = std::function<Now(std::chrono::nanoseconds)>;

// Plays the arrivals and folds the records as a reader of the log would.
Claims play(const std::vector<Arrival>& arrivals, const ActiveRules& rules, Coverage* coverage,
            const Clock& clock = at) {
  TestSink sink;
  Shard shard(options(), rules, sink);
  std::chrono::nanoseconds now{0};
  for (const Arrival& arrival : arrivals) {
    now = arrival.at;
    shard.add(batch_of(rules, arrival.spans, "json"), clock(now));
  }
  shard.advance(clock(now + 10min));
  EXPECT_EQ(shard.statistics().traces_open, 0U);

  Claims claims;
  std::set<std::string> known;
  for (const model::ViolationRecord& record : sink.records) {
    coverage->note(record);
    const std::string id = record.violation.key.id();
    EXPECT_EQ(known.insert(id).second, record.type == RecordType::Violation)
        << id << " is told first once, and followed up only after that";
    if (record.violation.status == model::ViolationStatus::Withdrawn) {
      claims.erase(id);
    } else {
      claims.insert_or_assign(id, claim_of(record.violation));
    }
  }
  return claims;
}

// Ids of the violations of one trace by the naive evaluator, on all its spans at once.
std::map<std::string, std::vector<std::string>> judged(const std::vector<model::KeptSpan>& trace,
                                                       const std::vector<ActiveRulePtr>& rules) {
  std::vector<const model::SpanView*> views;
  for (const model::KeptSpan& span : trace) views.push_back(&span.view());
  const rules::LinkedTrace linked(views);
  bool is_complete = linked.size() != 0;
  bool has_root = false;
  for (std::uint32_t i = 0; i < linked.size(); ++i) {
    has_root = has_root || linked.span(i).is_root();
    is_complete = is_complete && !linked.is_orphan(i);
  }
  const auto hex = [&linked](std::uint32_t span) { return linked.span(span).span_id.hex(); };
  std::map<std::string, std::vector<std::string>> ids;
  for (const ActiveRulePtr& rule : rules) {
    const bool is_span_scope = rule->checked.scope == rules::Scope::Span;
    if (rule->rule.require_complete && !is_span_scope && !(is_complete && has_root)) continue;
    const rules::Evaluation evaluation = rules::evaluate(rule->checked, linked);
    EXPECT_TRUE(evaluation.evaluated);
    const auto key = [&](const model::SpanId* span) {
      return model::violation_key(rule->rule.id, rule->checked.normalized, trace[0].view().trace_id,
                                  span)
          .id();
    };
    if (is_span_scope) {
      for (const std::uint32_t span : evaluation.violating) {
        ids[key(&linked.span(span).span_id)] = {hex(span)};
      }
    } else if (evaluation.matched) {
      std::vector<std::string>& witnesses = ids[key(nullptr)];
      for (const std::uint32_t span : evaluation.witnesses) witnesses.push_back(hex(span));
    }
  }
  return ids;
}

// What the engine claims must be what the evaluator says.
void expect_judged(const Claims& claims, const std::vector<std::vector<model::KeptSpan>>& traces,
                   const std::vector<ActiveRulePtr>& rules) {
  std::map<std::string, std::vector<std::string>> expected;
  for (const auto& trace : traces) expected.merge(judged(trace, rules));
  ASSERT_EQ(claims.size(), expected.size());
  for (const auto& [id, witnesses] : expected) {
    const auto claim = claims.find(id);
    ASSERT_NE(claim, claims.end()) << id;
    ASSERT_EQ(claim->second.witness_count, witnesses.size());
    for (std::size_t i = 0; i < claim->second.witnesses.size(); ++i) {
      EXPECT_EQ(claim->second.witnesses[i].substr(0, 16), witnesses[i]);
    }
  }
}

void expect_same(const Claims& expected, const Claims& claims, std::uint64_t seed) {
  for (const auto& [id, claim] : expected) {
    const auto found = claims.find(id);
    ASSERT_NE(found, claims.end()) << "missing: " << claim << "; BETRACE_SEED=" << seed;
    ASSERT_EQ(found->second, claim) << "BETRACE_SEED=" << seed;
  }
  ASSERT_EQ(claims.size(), expected.size()) << "too many; BETRACE_SEED=" << seed;
}

using Traces = std::vector<std::vector<model::KeptSpan>>;

Traces random_traces(Random* random, int first) {
  Traces traces;
  for (int i = 0; i < kTracesAtOnce; ++i) {
    traces.push_back(random_trace(random, static_cast<std::uint64_t>(first + i)));
  }
  return traces;
}

TEST(SimulationTest, ViolationsAreAFunctionOfTheSetOfSpans) {
  const std::uint64_t seed = test_seed();
  Random random(seed);
  const std::vector<ActiveRulePtr> rules = simulation_rules();
  ActiveRules active;
  active.publish(rules);
  Coverage coverage;
  std::size_t violations = 0;
  const int count = trace_count(kTraces);
  for (int first = 0; first < count; first += kTracesAtOnce) {
    const Traces traces = random_traces(&random, first);
    const Claims tidy = play(tidy_arrivals(traces), active, &coverage);
    ASSERT_NO_FATAL_FAILURE(expect_judged(tidy, traces, rules)) << "BETRACE_SEED=" << seed;
    for (int way = 0; way < kWaysToArrive; ++way) {
      const Claims untidy = play(untidy_arrivals(traces, &random), active, &coverage);
      ASSERT_NO_FATAL_FAILURE(expect_same(tidy, untidy, seed));
    }
    violations += tidy.size();
  }
  fmt::print("{} traces, {} violations;", count, violations);
  for (const char* kind : {"early", "final", "late", "withdrawn", "revision"}) {
    fmt::print(" {} {}", kind, coverage.counts[kind]);
    EXPECT_GT(coverage.counts[kind], 100) << kind;
  }
  fmt::print("\n");
}

// R13: a wall clock that jumps, stands still or steps back. The other clock only goes forward.
TEST(SimulationTest, TheWallClockDecidesNothing) {
  const std::uint64_t seed = test_seed();
  Random random(seed);
  ActiveRules active;
  active.publish(simulation_rules());
  const auto jump_by = [](std::chrono::nanoseconds step) -> Clock {
    return [step, calls = 0](std::chrono::nanoseconds time) mutable {
      Now now = at(time + 48h);
      now.monotonic = at(time).monotonic;
      if (++calls % 5 > 2) now.wall += static_cast<UnixNanos>(step.count());
      return now;
    };
  };
  const Clock frozen = [](std::chrono::nanoseconds time) {
    return Now{at(time).monotonic, kNanosPerSecond};
  };
  const Clock clocks[] = {jump_by(1h),   jump_by(-1h),  jump_by(24h),
                          jump_by(-24h), jump_by(-1ns), frozen};
  Coverage coverage;
  for (int first = 0; first < trace_count(kTraces) / 10; first += kTracesAtOnce) {
    const std::vector<Arrival> arrivals = untidy_arrivals(random_traces(&random, first), &random);
    const Claims expected = play(arrivals, active, &coverage);
    for (const Clock& clock : clocks) {
      ASSERT_NO_FATAL_FAILURE(
          expect_same(expected, play(arrivals, active, &coverage, clock), seed));
    }
  }
}

// R13: times that no clock shows, and spans that end before they begin.
TEST(SimulationTest, ExtremeTimesOfSpansAreJudgedAlikeInAnyOrder) {
  constexpr std::uint64_t kTimes[] = {0, 1, kNanosPerSecond, INT64_MAX, 1ULL << 63U, UINT64_MAX};
  const std::uint64_t seed = test_seed();
  Random random(seed);
  const std::vector<ActiveRulePtr> rules = simulation_rules();
  ActiveRules active;
  active.publish(rules);
  Coverage coverage;
  for (int first = 0; first < trace_count(kTraces) / 10; first += kTracesAtOnce) {
    Traces traces;
    for (const auto& trace : random_traces(&random, first)) {
      traces.emplace_back();
      for (const model::KeptSpan& span : trace) {
        model::SpanView view = span.view();
        view.start_time_unix_nano = kTimes[pick(&random, std::size(kTimes))];
        view.end_time_unix_nano = kTimes[pick(&random, std::size(kTimes))];
        traces.back().push_back(model::KeptSpan::copy(view));
      }
    }
    const Claims tidy = play(tidy_arrivals(traces), active, &coverage);
    ASSERT_NO_FATAL_FAILURE(expect_judged(tidy, traces, rules)) << "BETRACE_SEED=" << seed;
    const Claims untidy = play(untidy_arrivals(traces, &random), active, &coverage);
    ASSERT_NO_FATAL_FAILURE(expect_same(tidy, untidy, seed));
  }
}

// The same arrivals give the same records, one by one: what a replay relies on.
TEST(SimulationTest, TheSameArrivalsGiveTheSameRecords) {
  const std::uint64_t seed = test_seed();
  Random random(seed);
  ActiveRules active;
  active.publish(simulation_rules());
  std::vector<std::vector<model::KeptSpan>> traces;
  for (std::uint64_t i = 0; i < 40; ++i) traces.push_back(random_trace(&random, i));
  const std::vector<Arrival> arrivals = untidy_arrivals(traces, &random);
  std::vector<std::string> runs[2];
  for (auto& run : runs) {
    TestSink sink;
    Shard shard(options(), active, sink);
    for (const Arrival& arrival : arrivals) {
      shard.add(batch_of(active, arrival.spans, "json"), at(arrival.at));
    }
    for (const auto& record : sink.records) {
      run.push_back(fmt::format("{} {} {} {}", record.violation.key.id(),
                                static_cast<int>(record.type), record.violation.timestamp,
                                content_digest(record.violation)));
    }
  }
  ASSERT_FALSE(runs[0].empty());
  EXPECT_EQ(runs[0], runs[1]);
}

}  // namespace
}  // namespace betrace::engine
