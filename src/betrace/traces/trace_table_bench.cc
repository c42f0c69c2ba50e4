// table/TRACES: finding one of so many open traces, in random order; items are look-ups.
// wheel: traces of one span come to their quiet deadline, all in one tick; items are traces.
// parents: the same with 20 spans, and a parent is missing in every other trace, which stays open.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "betrace/traces/trace_table.h"

namespace betrace::traces {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kClosingTraces = 1'000;

TableLimits roomy_limits() {
  TableLimits limits;
  limits.bytes_max = 16ULL << 30;
  return limits;
}

MonotonicTime time_at(milliseconds since_zero) { return MonotonicTime(since_zero); }

model::TraceId trace_id_of(std::uint64_t number) {
  model::TraceId id;
  const std::uint64_t mixed = (number + 1) * 0x9E3779B97F4A7C15ULL;
  std::memcpy(id.bytes.data(), &mixed, sizeof mixed);
  std::memcpy(id.bytes.data() + sizeof mixed, &number, sizeof number);
  return id;
}

model::SpanId span_id_of(std::uint64_t number) {
  model::SpanId id;
  std::memcpy(id.bytes.data(), &number, sizeof number);
  return id;
}

// The span `number` (from 1) of a trace; the first is the root and the parent of all others.
SpanRecord record_of(const model::TraceId& trace, std::uint64_t number) {
  SpanRecord record;
  record.trace_id = trace;
  record.span_id = span_id_of(number);
  record.parent_span_id = span_id_of(number == 1 ? 0 : 1);
  record.start = number * 1'000;
  record.end = record.start + 500;
  return record;
}

void table(benchmark::State& state) {
  const auto count = static_cast<std::uint64_t>(state.range(0));
  TraceTable table(roomy_limits());
  std::vector<TraceIndex> indexes;
  for (std::uint64_t i = 0; i < count; ++i) {
    indexes.push_back(table.open(trace_id_of(i), time_at(milliseconds(1))));
  }
  constexpr std::uint64_t kStep = 999'983;  // a prime: every trace has its turn, far from the last
  std::uint64_t number = 0;
  std::uint64_t wrong = 0;
  for ([[maybe_unused]] auto one : state) {
    const auto found = table.find(trace_id_of(number));
    wrong += found && *found == indexes[number] ? 0 : 1;
    number = (number + kStep) % count;
  }
  if (wrong != 0 || table.find(trace_id_of(count))) state.SkipWithError("another trace was found");
  state.SetItemsProcessed(state.iterations());
}

// Opens the traces of one round. In every other one the last span names a parent that is not there.
void open_all(TraceTable& table, std::uint64_t round, std::uint64_t spans, MonotonicTime now) {
  for (std::uint64_t i = 0; i < kClosingTraces; ++i) {
    const model::TraceId id = trace_id_of(round * kClosingTraces + i);
    const TraceIndex index = table.open(id, now);
    for (std::uint64_t number = 1; number <= spans; ++number) {
      SpanRecord record = record_of(id, number);
      if (spans > 1 && number == spans && i % 2 == 1) record.parent_span_id = span_id_of(9'999);
      table.add(index, {record, {}, {}}, now);
    }
  }
}

std::uint64_t close_due(TraceTable& table, MonotonicTime now) {
  std::uint64_t closed = 0;
  while (const auto due = table.next_due(now)) {
    table.close(due->index, due->reason, now);
    ++closed;
  }
  return closed;
}

void closing(benchmark::State& state, std::uint64_t spans) {
  const TableLimits limits = roomy_limits();
  TraceTable table(limits);
  const std::uint64_t complete = spans > 1 ? kClosingTraces / 2 : kClosingTraces;
  milliseconds time{1'000};
  std::uint64_t round = 0;
  bool is_right = true;
  for ([[maybe_unused]] auto one : state) {
    state.PauseTiming();
    open_all(table, round++, spans, time_at(time));
    is_right = is_right && close_due(table, time_at(time + limits.closure.quiet) -
                                                std::chrono::nanoseconds(1)) == 0;
    time += limits.closure.quiet;
    state.ResumeTiming();
    const std::uint64_t closed = close_due(table, time_at(time));
    state.PauseTiming();
    is_right = is_right && closed == complete;
    time += limits.closure.idle_max;
    is_right = is_right && close_due(table, time_at(time)) == kClosingTraces - complete;
    time += limits.late_max;
    while (const auto old = table.next_eviction(time_at(time))) table.evict(*old, time_at(time));
    state.ResumeTiming();
  }
  if (!is_right) state.SkipWithError("a trace closed too early, too late or not at all");
  state.SetItemsProcessed(static_cast<std::int64_t>(round * kClosingTraces));
}

BENCHMARK(table)->Arg(1'000)->Arg(100'000)->Arg(1'000'000);
BENCHMARK_CAPTURE(closing, wheel, 1)->Name("wheel");
BENCHMARK_CAPTURE(closing, parents, 20)->Name("parents");

}  // namespace
}  // namespace betrace::traces
