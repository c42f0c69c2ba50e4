// Goal: the judge that runs tells record by record what the naive judge tells that sees every span.
// Method: random rule sets and traces, arriving in random orders and batches, with duplicates, late
// spans, truncation and changes of the rules; both shards get the same. A bug that is planted in
// any stage must be noticed. BETRACE_SEED repeats a run, BETRACE_CASES makes a longer one.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>

#include "betrace/base/test_seed.h"
#include "betrace/engine/batch_builder.h"
#include "betrace/engine/naive_judge.h"
#include "betrace/engine/network_judge.h"
#include "betrace/engine/shard.h"
#include "betrace/engine/test_rules.h"
#include "betrace/engine/test_time.h"
#include "betrace/engine/violation_builder.h"
#include "betrace/rules/testing/random_rule.h"
#include "betrace/rules/testing/random_trace.h"
#include "betrace/rules/tree_walk.h"
#include "betrace/traces/span_equality.h"

namespace betrace::engine {
namespace {

using namespace std::chrono_literals;
using rules::RandomChoices;

/// What goes wrong on the way from a span to a verdict, one stage after the other.
enum class Plant : std::uint8_t {
  None,
  LosesAPredicate,   // the network: a predicate that a span meets is not seen
  InventsNoTotals,   // the record: errors are not counted
  MovesASpan,        // the record: a span starts at another time
  CutsAParent,       // the ids: a parent is forgotten
  KeepsTooLittle,    // the capture: attributes are not kept
  OverlooksARule,    // the program: a rule that is possible is called impossible
  JudgesByOldRules,  // the reload: a trace is judged by the rules before the change
};

struct DifferentialCase {
  struct Step {
    std::chrono::nanoseconds at{0};
    std::vector<model::KeptSpan> spans;
    std::optional<std::vector<ActiveRulePtr>> rules;  // a change before the spans
  };
  std::vector<Step> steps;
  std::uint64_t spans_max = 0;
};

/// Which constructs were tried, and what became of violations: a generator that leaves something
/// out is weak.
struct DifferentialCoverage {
  std::map<std::string, std::uint64_t> counts;

  void note(const rules::CheckedRule& rule) {
    ++counts[fmt::format("rule: {} scope", rules::name_of(rule.scope))];
    ++counts[fmt::format("rule: {}", rules::name_of(rule.firing))];
    rules::TreeVisitor visitor;
    visitor.on_condition = [this](const rules::Condition& part, int) {
      ++counts[fmt::format("condition {:2}", static_cast<int>(part.kind))];
      if (part.kind == rules::Condition::Kind::Structure) {
        ++counts[fmt::format("method {}", static_cast<int>(part.method))];
      }
    };
    visitor.on_value = [this](const rules::Value& part, int) {
      ++counts[fmt::format("value {:2}", static_cast<int>(part.kind))];
      if (part.kind == rules::Value::Kind::Aggregate) {
        ++counts[fmt::format("aggregate {}", static_cast<int>(part.aggregate))];
      }
    };
    rules::walk(*rule.condition, visitor);
  }
  void note(const model::ViolationRecord& record) {
    const model::Violation& violation = record.violation;
    ++counts[fmt::format("record: {}", static_cast<int>(record.type))];
    if (violation.status == model::ViolationStatus::Withdrawn) ++counts["record: withdrawn"];
    if (violation.early) ++counts["record: early"];
    if (violation.late) ++counts["record: late"];
    if (violation.completeness) {
      ++counts[fmt::format("grade: {}", model::name_of(*violation.completeness))];
    }
  }
};

class CaseMaker {
 public:
  explicit CaseMaker(std::uint64_t seed) : choices_(seed), random_rule_(&choices_) {}

  DifferentialCase next() {
    DifferentialCase made;
    made.spans_max = choices_.chance(15) ? 1 + choices_.below(6) : 1'000;
    for (const char* id : {"r0", "r1", "r2", "r3", "r4"}) rules_.push_back(rule(id));
    made.steps.push_back({0ns, {}, rules_});
    std::vector<model::KeptSpan> spans = arrivals();
    std::chrono::nanoseconds now{0};
    while (!spans.empty()) {
      DifferentialCase::Step step;
      now += choices_.chance(60) ? std::chrono::milliseconds(choices_.below(200))
                                 : std::chrono::milliseconds(choices_.below(256) * 50);
      step.at = now;
      for (std::size_t count = 1 + choices_.below(6); count > 0 && !spans.empty(); --count) {
        step.spans.push_back(std::move(spans.back()));
        spans.pop_back();
      }
      if (choices_.chance(20)) step.rules = changed_rules();
      made.steps.push_back(std::move(step));
    }
    return made;
  }

 private:
  ActiveRulePtr rule(const std::string& id) {
    for (;;) {
      model::Rule rule;
      rule.id = id;
      rule.expression = random_rule_.next();
      rule.revision = ++revision_;
      rule.require_complete = choices_.chance(10);
      if (choices_.chance(20)) rule.message = choices_.one_of(kMessages);
      auto checked = rules::check_rule(rule.expression);
      if (!checked) continue;
      rule.name = rule.id;
      return *make_active_rule(std::move(rule), std::move(*checked));
    }
  }

  // One is new, one is gone, or one comes back.
  std::vector<ActiveRulePtr> changed_rules() {
    const std::size_t at = choices_.below(rules_.size());
    if (choices_.chance(60)) {
      rules_[at] = rule(rules_[at]->rule.id);
    } else {
      std::rotate(rules_.begin(), rules_.begin() + static_cast<std::ptrdiff_t>(at), rules_.end());
      return {rules_.begin() + 1, rules_.end()};
    }
    return rules_;
  }

  std::vector<model::KeptSpan> arrivals() {
    std::vector<model::KeptSpan> all;
    for (auto trace = static_cast<std::uint8_t>(1 + choices_.below(3)); trace > 0; --trace) {
      for (const model::KeptSpan& span : rules::random_trace(&choices_)) {
        model::SpanView view = span.view();
        view.trace_id.bytes.front() = trace;
        view.cut = choices_.chance(2);
        for (std::size_t copies = choices_.chance(15) ? 2 : 1; copies > 0; --copies) {
          all.push_back(model::KeptSpan::copy(view));
        }
      }
    }
    for (std::size_t i = all.size(); i > 1; --i) std::swap(all[i - 1], all[choices_.below(i)]);
    return all;
  }

  static constexpr std::array<std::string_view, 3> kMessages = {
      "{span.name} of {trace.root.name}", "{trace.span_count} {trace.error_count} {trace.duration}",
      "{span.parent.name} {trace.services}"};

  RandomChoices choices_;
  rules::RandomRule random_rule_;
  std::vector<ActiveRulePtr> rules_;
  std::uint64_t revision_ = 0;
};

/// A judge that calls the first possible rule impossible.
class OverlookingJudge : public NetworkJudge {
 public:
  void add_possible(const RuleSet& rules, const traces::TraceState& trace, Moment moment,
                    std::vector<std::uint32_t>* possible) override {
    NetworkJudge::add_possible(rules, trace, moment, possible);
    if (!possible->empty()) possible->erase(possible->begin());
  }
};

/// Plays a case to one judge.
class Player {
 public:
  Player(Keep keep, std::uint64_t spans_max, Plant plant) : keep_(keep), plant_(plant) {
    ShardOptions options;
    options.table.closure.quiet = 2s;
    options.table.closure.idle_max = 5s;
    options.table.closure.spans_max = spans_max;
    options.table.late_max = 8s;
    options.table.bytes_max = 4ULL << 20U;
    options.noise.enabled = false;
    std::unique_ptr<TraceJudge> judge;
    if (keep == Keep::All) judge = std::make_unique<NaiveJudge>();
    if (plant == Plant::OverlooksARule) judge = std::make_unique<OverlookingJudge>();
    shard_.emplace(options, active_, sink_, ShardHooks(), nullptr, std::move(judge));
  }

  void play(const DifferentialCase& played) {
    const std::vector<ActiveRulePtr>* waiting = nullptr;
    for (const DifferentialCase::Step& step : played.steps) {
      if (step.rules && plant_ == Plant::JudgesByOldRules && !step.spans.empty()) {
        waiting = &*step.rules;  // comes into force a step late
      } else if (step.rules) {
        active_.publish(*step.rules);
      }
      SpanBatch batch = batch_of(active_, step.spans, "json", keep_);
      tamper(&batch);
      shard_->add(batch, at(step.at));
      if (waiting != nullptr && waiting != (step.rules ? &*step.rules : nullptr)) {
        active_.publish(*std::exchange(waiting, nullptr));
      }
    }
    shard_->advance(at(10min));
  }

  // One line for each record: all that it says.
  std::vector<std::string> told() {
    std::vector<std::string> lines;
    for (const model::ViolationRecord& record : sink_.records) {
      const model::Violation& violation = record.violation;
      lines.push_back(fmt::format("{} {} type {} at {} early {} late {} {:x}", violation.rule_id,
                                  violation.key.id(), static_cast<int>(record.type),
                                  violation.timestamp, violation.early, violation.late,
                                  content_digest(violation)));
    }
    return lines;
  }

  std::vector<std::string> counted() {
    std::vector<std::string> lines;
    const ShardStatistics& numbers = shard_->statistics();
    lines.push_back(fmt::format("duplicate {} limit {} late {} reopened {}",
                                numbers.spans_duplicate, numbers.spans_trace_limit,
                                numbers.spans_late_redecided, numbers.spans_late_reopened));
    for (const auto& [id, rule] : numbers.rules) {
      lines.push_back(fmt::format("{} violation {} pass {} error {} skipped {} not made {}", id,
                                  rule.violation, rule.pass, rule.error, rule.skipped,
                                  rule.not_made));
    }
    return lines;
  }

  const std::vector<model::ViolationRecord>& records() const { return sink_.records; }

 private:
  void tamper(SpanBatch* batch) const {
    if (plant_ == Plant::KeepsTooLittle) {
      PackedSpans kept;
      for (const model::PackedSpan& span : batch->kept.all()) {
        model::SpanView less = *span.view;
        less.attributes = {};
        kept.add(less);
      }
      batch->kept = std::move(kept);
    }
    for (SpanBatch::Item& item : batch->items) {
      if (plant_ == Plant::LosesAPredicate && item.met_end > item.met_begin) --item.met_end;
      if (plant_ == Plant::InventsNoTotals) item.record.is_error = false;
      if (plant_ == Plant::MovesASpan) ++item.record.start;
      if (plant_ == Plant::CutsAParent) item.record.parent_span_id = {};
    }
  }

  Keep keep_;
  Plant plant_;
  ActiveRules active_;
  TestSink sink_;
  std::optional<Shard> shard_;
};

// What the two say differently, or nothing.
std::string difference(const std::vector<std::string>& naive,
                       const std::vector<std::string>& network) {
  for (std::size_t i = 0; i < std::max(naive.size(), network.size()); ++i) {
    const std::string left = i < naive.size() ? naive[i] : "(nothing)";
    const std::string right = i < network.size() ? network[i] : "(nothing)";
    if (left != right) return fmt::format("naive:   {}\nnetwork: {}", left, right);
  }
  return {};
}

bool are_witnesses_equal(const Player& naive, const Player& network) {
  for (std::size_t i = 0; i < naive.records().size(); ++i) {
    const auto& left = naive.records()[i].violation.witnesses;
    const auto& right = network.records()[i].violation.witnesses;
    if (left.size() != right.size()) return false;
    for (std::size_t w = 0; w < left.size(); ++w) {
      if (!traces::is_same_span(left[w].span.view(), right[w].span.view())) return false;
    }
  }
  return true;
}

std::string run_case(std::uint64_t seed, Plant plant, DifferentialCoverage* coverage) {
  const DifferentialCase made = CaseMaker(seed).next();
  Player naive(Keep::All, made.spans_max, Plant::None);
  Player network(Keep::Met, made.spans_max, plant);
  naive.play(made);
  network.play(made);
  std::string found = difference(naive.told(), network.told());
  if (found.empty()) found = difference(naive.counted(), network.counted());
  if (found.empty() && !are_witnesses_equal(naive, network)) found = "witnesses differ";
  if (coverage != nullptr) {
    for (const auto& step : made.steps) {
      if (!step.rules) continue;
      ++coverage->counts["rule changes"];
      for (const ActiveRulePtr& rule : *step.rules) coverage->note(rule->checked);
    }
    for (const auto& record : naive.records()) coverage->note(record);
  }
  return found;
}

std::uint64_t case_count() {
  const char* text = std::getenv("BETRACE_CASES");
  return text == nullptr ? 20'000 : std::strtoull(text, nullptr, 10);
}

TEST(DifferentialTest, TheNetworkTellsWhatTheNaiveJudgeTells) {
  const std::uint64_t seed = test_seed();
  DifferentialCoverage coverage;
  for (std::uint64_t i = 0; i < case_count(); ++i) {
    const std::string found = run_case(seed + i, Plant::None, &coverage);
    ASSERT_EQ(found, "") << "repeat with BETRACE_SEED=" << seed + i << " BETRACE_CASES=1";
  }
  for (const auto& [what, count] : coverage.counts) fmt::print("{:8} {}\n", count, what);
  for (const char* what : {"rule: span scope", "rule: trace scope", "rule: mixed scope",
                           "record: early", "record: late", "record: withdrawn", "grade: truncated",
                           "grade: orphans", "grade: no_root", "grade: reopened", "rule changes"}) {
    EXPECT_GT(coverage.counts[what], case_count() / 1'000) << what;
  }
}

class PlantTest : public testing::TestWithParam<Plant> {};

TEST_P(PlantTest, IsNoticed) {
  const std::uint64_t seed = test_seed();
  int noticed = 0;
  for (std::uint64_t i = 0; i < 2'000 && noticed < 3; ++i) {
    if (!run_case(seed + i, GetParam(), nullptr).empty()) ++noticed;
  }
  EXPECT_GE(noticed, 3);
}

INSTANTIATE_TEST_SUITE_P(EveryStage, PlantTest,
                         testing::Values(Plant::LosesAPredicate, Plant::InventsNoTotals,
                                         Plant::MovesASpan, Plant::CutsAParent,
                                         Plant::KeepsTooLittle, Plant::OverlooksARule,
                                         Plant::JudgesByOldRules));

}  // namespace
}  // namespace betrace::engine
