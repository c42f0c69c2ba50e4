// pipeline/RULES/...: items are spans, the time is that of one thread. Each run compares every
// violation with what was sent. structured: 15 of 50 rules; own: the traffic's own vocabulary.
// recorded: violations go to a violation log as in `serve`. workers/COUNT: behind queues, by plain
// rules. The time of these two is that of all threads.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

#include "betrace/base/check.h"
#include "betrace/base/test_directory.h"
#include "betrace/bench/pipeline.h"
#include "betrace/bench/traffic.h"
#include "betrace/storage/violation_log.h"

namespace betrace::bench {
namespace {

// So many traces are open, unless the engine is so slow on these rules that a pass would take
// minutes. Of few traces more are broken, so that there is something to compare.
constexpr std::uint32_t kMany = 2'000;
constexpr std::uint32_t kFew = 20;

struct PipelineCase {
  std::size_t rules;
  Vocabulary vocabulary = Vocabulary::Spread;
  RuleMix mix = RuleMix::Plain;
  Shape shape = Shape::TenAttributes;
  Encoding encoding = Encoding::Protobuf;
  bool is_recorded = false;
};

TrafficOptions traffic_options(const PipelineCase& wanted, std::uint32_t interleave) {
  TrafficOptions options;
  options.traces.shape = wanted.shape;
  options.encoding = wanted.encoding;
  options.interleave = interleave;
  options.spans_per_request = std::min<std::uint32_t>(560, interleave * 5);
  options.requests_min = 1;
  options.traces.violation_rate = interleave == kMany ? 0.01 : 0.05;
  return options;
}

std::uint32_t affordable_interleave(const PipelineCase& wanted, const BenchRules& rules) {
  constexpr std::chrono::milliseconds kFewMax{20};
  Traffic traffic(traffic_options(wanted, kFew), rules);
  Pipeline pipeline(rules);
  const auto begin = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < traffic.request_count(); ++i) {
    pipeline.take(traffic.request(i).body, wanted.encoding);
  }
  pipeline.finish();
  return std::chrono::steady_clock::now() - begin < kFewMax ? kMany : kFew;
}

std::unique_ptr<storage::ViolationLog> open_log(const std::string& path) {
  storage::ViolationLogOptions options;
  options.path = path;
  auto log = storage::ViolationLog::open(std::move(options));
  BETRACE_CHECK(log.has_value());
  return *std::move(log);
}

// One case with its traffic, made when it is first asked for and used for all its repetitions.
class PipelineRun {
 public:
  explicit PipelineRun(const PipelineCase& wanted)
      : wanted_(wanted),
        rules_(wanted.rules, wanted.vocabulary, wanted.mix),
        traffic_(traffic_options(wanted, affordable_interleave(wanted, rules_)), rules_),
        log_(wanted.is_recorded ? open_log(directory_.file("log")) : nullptr),
        pipeline_(rules_, log_.get()) {}

  void run(benchmark::State& state) {
    // The end of the turn before gave its memory back: it is asked for again before time counts.
    prepare_pass();
    take_pass();
    const std::uint64_t spans_before = pipeline_.spans();
    for ([[maybe_unused]] auto one : state) {
      state.PauseTiming();
      prepare_pass();
      state.ResumeTiming();
      take_pass();
    }
    pipeline_.finish();
    state.SetItemsProcessed(static_cast<std::int64_t>(pipeline_.spans() - spans_before));
    state.counters["traces_interleaved"] = static_cast<double>(traffic_.trace_count());
    if (pipeline_.violations() != expected_) state.SkipWithError("wrong violations");
  }

 private:
  void prepare_pass() {
    for (std::size_t i = 0; i < traffic_.request_count(); ++i) {
      traffic_.overwrite_ids(traffic_.request(i), keys_);
    }
    expect_pass(traffic_, keys_, &expected_);
    ++keys_.pass;
  }

  void take_pass() {
    constexpr std::chrono::seconds kCommitMax{60};
    for (std::size_t i = 0; i < traffic_.request_count(); ++i) {
      pipeline_.take(traffic_.request(i).body, wanted_.encoding);
    }
    if (log_ != nullptr) BETRACE_CHECK(log_->flush(kCommitMax).has_value());
  }

  PipelineCase wanted_;
  BenchRules rules_;
  Traffic traffic_;
  TestDirectory directory_;
  std::unique_ptr<storage::ViolationLog> log_;
  Pipeline pipeline_;
  ViolationCounts expected_;
  IdKeys keys_{42, 0};
};

void workers(benchmark::State& state) {
  const BenchRules rules(50, Vocabulary::Spread, RuleMix::Plain);
  Traffic traffic(traffic_options({50}, kMany), rules);
  WorkerPipeline pipeline(rules, static_cast<std::size_t>(state.range(0)));
  std::vector<std::string_view> requests;
  for (std::size_t i = 0; i < traffic.request_count(); ++i) {
    requests.push_back(traffic.request(i).body);
  }
  ViolationCounts expected;
  IdKeys keys{42, 0};
  for ([[maybe_unused]] auto one : state) {
    state.PauseTiming();
    for (std::size_t i = 0; i < traffic.request_count(); ++i) {
      traffic.overwrite_ids(traffic.request(i), keys);
    }
    expect_pass(traffic, keys, &expected);
    ++keys.pass;
    state.ResumeTiming();
    pipeline.take(requests);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(pipeline.spans()));
  pipeline.finish();
  if (pipeline.violations() != expected) state.SkipWithError("wrong violations");
}
BENCHMARK(workers)->Arg(1)->Arg(2)->MeasureProcessCPUTime();

constexpr Vocabulary kSpread = Vocabulary::Spread;
constexpr Shape kTen = Shape::TenAttributes;

struct NamedCase {
  const char* name;
  PipelineCase wanted;
};

constexpr NamedCase kCases[] = {
    {"pipeline/10", {10}},
    {"pipeline/50", {50}},
    {"pipeline/200", {200}},
    {"pipeline/1000", {1'000}},
    {"pipeline/10000", {10'000}},
    {"pipeline/50/3a", {50, kSpread, RuleMix::Plain, Shape::ThreeAttributes}},
    {"pipeline/50/mixed", {50, kSpread, RuleMix::Plain, Shape::Mixed}},
    {"pipeline/50/json", {50, kSpread, RuleMix::Plain, kTen, Encoding::Json}},
    {"pipeline/50/usual", {50, kSpread, RuleMix::Usual}},
    {"pipeline/50/recorded", {50, kSpread, RuleMix::Usual, kTen, Encoding::Protobuf, true}},
    {"pipeline/50/structured", {50, kSpread, RuleMix::Structured}},
    {"pipeline/50/own", {50, Vocabulary::Own}},
    {"pipeline/1000/own", {1'000, Vocabulary::Own}},
    {"pipeline/10000/own", {10'000, Vocabulary::Own}},
};

[[maybe_unused]] const bool kAreRegistered = [] {
  for (const NamedCase& each : kCases) {
    auto* const made = benchmark::RegisterBenchmark(
        each.name, [&each, run = std::shared_ptr<PipelineRun>()](benchmark::State& state) mutable {
          if (run == nullptr) {
            run = std::make_shared<PipelineRun>(each.wanted);
            // Its log ends before OpenSSL does, which is in use by now and so ends later.
            if (each.wanted.is_recorded) std::atexit(benchmark::ClearRegisteredBenchmarks);
          }
          run->run(state);
        });
    if (each.wanted.is_recorded) made->MeasureProcessCPUTime();
  }
  return true;
}();

}  // namespace
}  // namespace betrace::bench
