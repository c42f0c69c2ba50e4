// json/SHAPE: our reader. simdjson/SHAPE: simdjson parses the same text and nothing is read from
// it, the baseline. Items are spans.
#include <benchmark/benchmark.h>
#include <simdjson.h>

#include <cstdint>
#include <string>
#include <vector>

#include "betrace/bench/payloads.h"
#include "betrace/otlp/json_trace_reader.h"

namespace betrace::otlp {
namespace {

using bench::Shape;

void json(benchmark::State& state, Shape shape) {
  bench::Traffic& traffic = bench::shared_payload(shape, bench::Encoding::Json);
  JsonTraceReader reader;
  std::uint64_t spans = 0;
  std::size_t i = 0;
  for ([[maybe_unused]] auto one : state) {
    const std::uint64_t before = spans;
    const bench::PreparedRequest& request = traffic.request(i);
    const auto summary = reader.read(request.body, [&spans](const model::SpanView&) { ++spans; });
    if (!summary || spans - before != request.span_count) {
      return state.SkipWithError("spans were missed");
    }
    i = i + 1 == traffic.request_count() ? 0 : i + 1;
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(spans));
}

void parse_only(benchmark::State& state, Shape shape) {
  bench::Traffic& traffic = bench::shared_payload(shape, bench::Encoding::Json);
  std::vector<simdjson::padded_string> texts;
  for (std::size_t i = 0; i < traffic.request_count(); ++i) {
    texts.emplace_back(traffic.request(i).body);
  }
  simdjson::dom::parser parser;
  std::uint64_t spans = 0;
  std::size_t i = 0;
  for ([[maybe_unused]] auto one : state) {
    simdjson::dom::element root;
    if (parser.parse(texts[i]).get(root) != simdjson::SUCCESS) {
      return state.SkipWithError("no JSON");
    }
    benchmark::DoNotOptimize(root);
    spans += traffic.request(i).span_count;
    i = i + 1 == traffic.request_count() ? 0 : i + 1;
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(spans));
}

[[maybe_unused]] const bool kJsonAreRegistered = [] {
  for (const Shape shape : {Shape::TenAttributes, Shape::ThreeAttributes}) {
    const auto add = [shape](const char* name, void (*run)(benchmark::State&, Shape)) {
      const std::string full = std::string(name) + "/" + std::string(name_of(shape));
      benchmark::RegisterBenchmark(full.c_str(),
                                   [run, shape](benchmark::State& state) { run(state, shape); });
    };
    add("json", json);
    add("simdjson", parse_only);
  }
  return true;
}();

}  // namespace
}  // namespace betrace::otlp
