// atoms/RULES: which predicates of all rules does a span meet? Items are spans of 10a. What is met
// must be what the traffic was made to break, span for span, by the rules of span scope.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "betrace/bench/traffic.h"
#include "betrace/rules/predicate_network.h"

namespace betrace::rules {
namespace {

constexpr std::uint64_t kTraces = 1'000;

bench::TraceOptions trace_options() {
  bench::TraceOptions options;
  options.violation_rate = 0.05;
  return options;
}

struct CompiledRules {
  std::shared_ptr<const PredicateNetwork> network;
  std::map<PredicateId, std::uint64_t> met;  // predicates of span-scope rules: spans that met them
};

CompiledRules compile(const bench::BenchRules& rules) {
  std::vector<NetworkRule> checked;
  for (const bench::BenchRule& each : rules.rules()) {
    auto rule = check_rule(each.expression);
    if (rule) checked.push_back({std::make_shared<const CheckedRule>(std::move(*rule)), false});
  }
  CompiledRules compiled;
  compiled.network = std::make_shared<const PredicateNetwork>(checked, nullptr);
  for (const NetworkRule& each : checked) {
    const auto predicate = compiled.network->program_of(*each.rule).span_predicate;
    if (predicate) compiled.met[*predicate] = 0;
  }
  return compiled;
}

void atoms(benchmark::State& state) {
  const bench::BenchRules rules(static_cast<std::size_t>(state.range(0)), bench::Vocabulary::Spread,
                                bench::RuleMix::Plain);
  const bench::TraceMaker maker(trace_options(), rules);
  std::vector<bench::MadeTrace> traces;
  std::uint64_t broken = 0;
  for (std::uint64_t i = 0; i < kTraces; ++i) {
    traces.push_back(maker.make(i));
    const auto& scene = traces.back().scene;
    const bool is_broken = scene && scene->is_broken;
    if (is_broken && rules.rules()[scene->rule].family == bench::RuleFamily::Span) ++broken;
  }
  CompiledRules compiled = compile(rules);
  SpanMatcher matcher(compiled.network);
  std::uint64_t spans = 0;
  for ([[maybe_unused]] auto one : state) {
    for (const bench::MadeTrace& trace : traces) {
      for (const model::KeptSpan& span : trace.spans) {
        for (const PredicateId id : matcher.match(span.view())) {
          const auto counted = compiled.met.find(id);
          if (counted != compiled.met.end()) ++counted->second;
        }
      }
      spans += trace.spans.size();
    }
  }
  std::uint64_t met = 0;
  for (const auto& [id, count] : compiled.met) met += count;
  const auto passes = static_cast<std::uint64_t>(state.iterations());
  if (broken == 0 || met != broken * passes) state.SkipWithError("wrong predicates were met");
  state.SetItemsProcessed(static_cast<std::int64_t>(spans));
  state.counters["predicates"] = static_cast<double>(compiled.network->predicate_count());
}

BENCHMARK(atoms)->Arg(10)->Arg(50)->Arg(200)->Arg(1'000)->Arg(10'000);

}  // namespace
}  // namespace betrace::rules
