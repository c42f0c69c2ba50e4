// reopened/insert, reopened/ask: the filter of traces that were evicted, 16 MiB as `serve` has at
// 512 MiB for traces. Items are ids, in random places of memory.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstring>

#include "betrace/traces/evicted_filter.h"

namespace betrace::traces {
namespace {

constexpr std::uint64_t kBytes = 16 << 20;
constexpr std::uint64_t kRemembered = 1'000'000;
constexpr HashKey kKey = {0x0123456789abcdef, 0xfedcba9876543210};

model::TraceId id_of(std::uint64_t number) {
  model::TraceId id;
  const std::uint64_t mixed = number * 0x9E3779B97F4A7C15ULL;
  std::memcpy(id.bytes.data(), &mixed, sizeof mixed);
  std::memcpy(id.bytes.data() + sizeof mixed, &number, sizeof number);
  return id;
}

void insert(benchmark::State& state) {
  EvictedFilter filter(kBytes, kKey);
  std::uint64_t next = 0;
  for ([[maybe_unused]] auto one : state) filter.insert(id_of(next++));
  if (next == 0 || !filter.contains(id_of(next - 1))) state.SkipWithError("an id was forgotten");
  state.SetItemsProcessed(state.iterations());
}

void ask(benchmark::State& state) {
  EvictedFilter filter(kBytes, kKey);
  for (std::uint64_t i = 0; i < kRemembered; ++i) filter.insert(id_of(i));
  std::uint64_t asked = 0;
  std::uint64_t found = 0;
  // Every other id was evicted.
  for ([[maybe_unused]] auto one : state) {
    const std::uint64_t number = asked / 2 % kRemembered + (asked % 2 == 0 ? 0 : kRemembered);
    found += filter.contains(id_of(number)) ? 1 : 0;
    ++asked;
  }
  // One in 2^28 may be found by mistake; nothing may be forgotten.
  const std::uint64_t known = (asked + 1) / 2;
  if (found < known || found > known + 2) state.SkipWithError("wrong answers");
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(insert)->Name("reopened/insert");
BENCHMARK(ask)->Name("reopened/ask");

}  // namespace
}  // namespace betrace::traces
