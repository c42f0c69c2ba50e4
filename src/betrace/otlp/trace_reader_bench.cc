// walk/SHAPE: the bare walk that others are compared with. read/SHAPE: our reader. protobuf/SHAPE:
// libprotobuf parses into a reused arena and every value is touched. Items are spans.
#include <benchmark/benchmark.h>
#include <google/protobuf/arena.h>

#include <cstdint>
#include <string>

#include "betrace/bench/bare_walk.h"
#include "betrace/bench/payloads.h"
#include "betrace/otlp/trace_reader.h"
#include "otlp.pb.h"

namespace betrace::otlp {
namespace {

using bench::Shape;

// Runs `run(body)`, which returns how many spans it saw, over all requests of a pass in turn.
template <typename Run>
void over_requests(benchmark::State& state, bench::Traffic& traffic, Run run) {
  std::uint64_t spans = 0;
  std::size_t i = 0;
  for ([[maybe_unused]] auto one : state) {
    const bench::PreparedRequest& request = traffic.request(i);
    const std::uint64_t seen = run(request.body);
    if (seen != request.span_count) return state.SkipWithError("spans were missed");
    spans += seen;
    i = i + 1 == traffic.request_count() ? 0 : i + 1;
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(spans));
}

void walk(benchmark::State& state, Shape shape) {
  over_requests(state, bench::shared_payload(shape), [](const std::string& body) {
    const bench::WalkResult result = bench::bare_walk(body);
    benchmark::DoNotOptimize(result.touched);
    return result.spans;
  });
}

void read(benchmark::State& state, Shape shape) {
  TraceReader reader;
  over_requests(state, bench::shared_payload(shape), [&reader](const std::string& body) {
    std::uint64_t spans = 0;
    std::uint64_t touched = 0;
    const auto summary = reader.read(body, [&](const model::SpanView& span) {
      ++spans;
      touched += span.attributes.size() + span.name.size() + span.end_time_unix_nano;
    });
    benchmark::DoNotOptimize(touched);
    return summary ? spans : 0;
  });
}

// Touches what a judge of rules would: names, times, keys and values.
class Touch {
 public:
  std::uint64_t request(const oracle::ExportTraceServiceRequest& request) {
    std::uint64_t spans = 0;
    for (const oracle::ResourceSpans& resource : request.resource_spans()) {
      attributes(resource.resource().attributes());
      for (const oracle::ScopeSpans& scope : resource.scope_spans()) {
        for (const oracle::Span& one : scope.spans()) span(one);
        spans += static_cast<std::uint64_t>(scope.spans().size());
      }
    }
    return spans;
  }

  std::uint64_t touched = 0;

 private:
  void span(const oracle::Span& span) {
    text(span.name());
    text(span.trace_id());
    text(span.span_id());
    text(span.parent_span_id());
    touched += span.start_time_unix_nano() + span.end_time_unix_nano();
    attributes(span.attributes());
    for (const auto& event : span.events()) attributes(event.attributes());
    for (const auto& link : span.links()) attributes(link.attributes());
  }

  template <typename Attributes>
  void attributes(const Attributes& attributes) {
    for (const auto& attribute : attributes) {
      text(attribute.key());
      touched += static_cast<std::uint64_t>(attribute.value().value_case());
      text(attribute.value().string_value());
    }
  }

  void text(const std::string& text) {
    if (!text.empty()) touched += static_cast<unsigned char>(text.front());
  }
};

void protobuf(benchmark::State& state, Shape shape) {
  std::string block(8 << 20, '\0');
  google::protobuf::ArenaOptions options;
  options.initial_block = block.data();
  options.initial_block_size = block.size();
  google::protobuf::Arena arena(options);
  over_requests(state, bench::shared_payload(shape), [&arena](const std::string& body) {
    arena.Reset();
    auto* request =
        google::protobuf::Arena::CreateMessage<oracle::ExportTraceServiceRequest>(&arena);
    if (!request->ParseFromString(body)) return std::uint64_t{0};
    Touch touch;
    const std::uint64_t spans = touch.request(*request);
    benchmark::DoNotOptimize(touch.touched);
    return spans;
  });
}

[[maybe_unused]] const bool kAreRegistered = [] {
  for (const Shape shape : {Shape::TenAttributes, Shape::ThreeAttributes, Shape::Mixed}) {
    const auto add = [shape](const char* name, void (*run)(benchmark::State&, Shape)) {
      const std::string full = std::string(name) + "/" + std::string(name_of(shape));
      benchmark::RegisterBenchmark(full.c_str(),
                                   [run, shape](benchmark::State& state) { run(state, shape); });
    };
    add("walk", walk);
    add("read", read);
    add("protobuf", protobuf);
  }
  return true;
}();

}  // namespace
}  // namespace betrace::otlp
