// close/KIND: 100 traces of 20 spans come to their end at once. Items are traces; every violation
// is compared. bits: 50 plain rules; structure: 15 of 50 ask for structure, order or a join.
#include <benchmark/benchmark.h>

#include <cstdint>

#include "betrace/bench/pipeline.h"
#include "betrace/bench/traffic.h"

namespace betrace::bench {
namespace {

TrafficOptions closing_traffic() {
  TrafficOptions options;
  options.interleave = 100;  // four requests: they arrive before the first trace is quiet
  options.requests_min = 1;
  options.traces.violation_rate = 0.05;
  return options;
}

void closing(benchmark::State& state, RuleMix mix) {
  const BenchRules rules(50, Vocabulary::Spread, mix);
  Traffic traffic(closing_traffic(), rules);
  Pipeline pipeline(rules);
  ViolationCounts expected;
  IdKeys keys{43, 0};
  for ([[maybe_unused]] auto one : state) {
    state.PauseTiming();
    for (std::size_t i = 0; i < traffic.request_count(); ++i) {
      traffic.overwrite_ids(traffic.request(i), keys);
      pipeline.take(traffic.request(i).body);
    }
    expect_pass(traffic, keys, &expected);
    ++keys.pass;
    state.ResumeTiming();
    pipeline.finish();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(keys.pass * traffic.trace_count()));
  if (pipeline.violations() != expected) state.SkipWithError("wrong violations");
}

BENCHMARK_CAPTURE(closing, bits, RuleMix::Plain)->Name("close/bits");
BENCHMARK_CAPTURE(closing, structure, RuleMix::Structured)->Name("close/structure");

}  // namespace
}  // namespace betrace::bench
