// What it costs to seal a commit group and a record.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>

#include "betrace/evidence/record_key.h"
#include "betrace/evidence/sealed_commit.h"

namespace betrace::evidence {
namespace {

void evidence_sign(benchmark::State& state) {
  const SigningKey key = SigningKey::generate();
  Commit commit;
  commit.log = "betrace/prod/betrace-0/5c1e07d2";
  commit.count = 1;
  for (auto _ : state) {
    ++commit.first_seq;
    benchmark::DoNotOptimize(seal_commit(commit, key));
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(evidence_sign);

void evidence_mac(benchmark::State& state) {
  const RecordKey key(Secret(std::string(32, 'k')));
  const std::string payload(1'500, 'p');
  for (auto _ : state) benchmark::DoNotOptimize(key.mac(payload));
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(evidence_mac);

}  // namespace
}  // namespace betrace::evidence
