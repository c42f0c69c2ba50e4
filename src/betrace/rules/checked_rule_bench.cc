// rule_compile/COUNT: text to checked rules, one after the other. Items are rules.
#include <benchmark/benchmark.h>

#include "betrace/bench/bench_rules.h"
#include "betrace/rules/checked_rule.h"

namespace betrace::rules {
namespace {

void rule_compile(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const bench::BenchRules rules(count, bench::Vocabulary::Own);
  for ([[maybe_unused]] auto one : state) {
    for (const bench::BenchRule& rule : rules.rules()) {
      const auto checked = check_rule(rule.expression);
      if (!checked) return state.SkipWithError("a rule does not load");
      benchmark::DoNotOptimize(checked->scope);
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

BENCHMARK(rule_compile)->Arg(50)->Arg(1'000);

}  // namespace
}  // namespace betrace::rules
