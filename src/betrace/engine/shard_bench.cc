// owner/TRACES: what a span costs the shard that owns its trace, once the rules have looked at it.
// Items are spans that meet no predicate; as many traces as the name says are open at once, each of
// 20 spans in three parts. Opening, closing and eviction are included, making the batches is not.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <vector>

#include "betrace/base/check.h"
#include "betrace/engine/active_rules.h"
#include "betrace/engine/shard.h"
#include "betrace/model/violation_sink.h"

namespace betrace::engine {
namespace {

constexpr std::uint32_t kSpansPerTrace = 20;
constexpr std::uint32_t kParts = 3;
constexpr std::uint32_t kSpansPerBatch = 560;
constexpr std::chrono::milliseconds kQuiet{500};

class NoSink : public model::ViolationSink {
 public:
  void record(model::ViolationRecord /*record*/) override {}
};

ShardOptions owner_options() {
  ShardOptions options;
  options.noise.enabled = false;
  options.table.closure.quiet = kQuiet;
  options.table.late_max = kQuiet;
  options.table.bytes_max = 1ULL << 30U;
  return options;
}

// Numbers that look random, so that ids do.
std::uint64_t scrambled(std::uint64_t number) {
  number = (number ^ number >> 31U) * 0x7FB5D329728EA185ULL;
  return (number ^ number >> 27U) * 0x81DADEF4BC2DD44DULL;
}

template <typename Id>
Id id_of(std::uint64_t number) {
  Id id;
  for (std::size_t at = 0; at < id.bytes.size(); at += 8) {
    const std::uint64_t word = scrambled(number + at) | 1U;
    std::memcpy(id.bytes.data() + at, &word, sizeof word);
  }
  return id;
}

// All spans of one wave of traces: every trace's first part, then every trace's second one, ...
class Wave {
 public:
  explicit Wave(std::uint32_t traces) {
    for (std::uint32_t part = 0; part < kParts; ++part) {
      for (std::uint32_t trace = 0; trace < traces; ++trace) {
        const std::uint32_t end = kSpansPerTrace * (part + 1) / kParts;
        for (std::uint32_t span = kSpansPerTrace * part / kParts; span < end; ++span) {
          records_.push_back({trace, span});
        }
      }
    }
    // Neighbours come mixed, as from senders that do not know of each other.
    for (std::size_t i = 0; i < records_.size(); ++i) {
      const std::size_t group = i / kSpansPerBatch * kSpansPerBatch;
      const std::size_t size = std::min<std::size_t>(kSpansPerBatch, records_.size() - group);
      std::swap(records_[i], records_[group + scrambled(i) % size]);
    }
  }

  [[nodiscard]] std::size_t batch_count() const noexcept {
    return (records_.size() + kSpansPerBatch - 1) / kSpansPerBatch;
  }

  [[nodiscard]] SpanBatch batch(std::size_t number, std::uint64_t wave,
                                const ActiveRules& rules) const {
    SpanBatch batch;
    batch.rules = rules.current();
    const std::size_t begin = number * kSpansPerBatch;
    const std::size_t end = std::min(begin + kSpansPerBatch, records_.size());
    for (std::size_t i = begin; i < end; ++i) {
      batch.items.emplace_back().record = record(wave, records_[i]);
    }
    return batch;
  }

  [[nodiscard]] std::size_t size() const noexcept { return records_.size(); }

 private:
  struct Place {
    std::uint32_t trace;
    std::uint32_t span;
  };

  static traces::SpanRecord record(std::uint64_t wave, const Place& place) {
    const std::uint64_t trace = (wave << 32U) + place.trace;
    traces::SpanRecord record;
    record.trace_id = id_of<model::TraceId>(trace);
    record.span_id = id_of<model::SpanId>(trace * kSpansPerTrace + place.span);
    // The root comes last.
    if (place.span + 1 < kSpansPerTrace) {
      record.parent_span_id = id_of<model::SpanId>(trace * kSpansPerTrace + place.span + 1);
    }
    record.start = 1'000 + place.span;
    record.end = 2'000;
    return record;
  }

  std::vector<Place> records_;
};

void owner(benchmark::State& state) {
  const Wave wave(static_cast<std::uint32_t>(state.range(0)));
  const ActiveRules rules;
  NoSink sink;
  Shard shard(owner_options(), rules, sink);
  std::chrono::nanoseconds time = std::chrono::seconds(1);
  const auto step = std::chrono::nanoseconds(kQuiet) / wave.batch_count();
  std::uint64_t number = 0;
  const auto run = [&](auto pause, auto resume) {
    ++number;
    for (std::size_t i = 0; i < wave.batch_count(); ++i) {
      pause();
      SpanBatch batch = wave.batch(i, number, rules);
      time += step;
      resume();
      shard.add(batch, {MonotonicTime(time), 0});
    }
  };
  // So that the first traces have been evicted, and memory is as it stays.
  for (int i = 0; i < 4; ++i) run([] {}, [] {});
  for ([[maybe_unused]] auto one : state) {
    run([&state] { state.PauseTiming(); }, [&state] { state.ResumeTiming(); });
  }
  BETRACE_CHECK(shard.statistics().ingested() == number * wave.size());
  const auto spans = static_cast<std::int64_t>(wave.size());
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * spans);
}

BENCHMARK(owner)->Name("owner")->Arg(2'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace betrace::engine
