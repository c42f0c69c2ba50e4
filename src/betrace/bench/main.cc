// A fixed piece of work for exact counts: 20,000 spans through one stage.
//
// tools/bench runs it under callgrind, which counts instructions inside counted_stage() alone; wall
// time on a shared machine cannot see a change of 5 %, this can. With `--allocations` it counts, in
// a later pass over warm buffers, how often the heap is asked, and prints that and the requests; of
// these no trace breaks a rule or nearly does: then it is judged whole, which allocates.
// Usage: betrace_instructions [--allocations] STAGE
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <string_view>

#include "betrace/base/heap_asked.h"
#include "betrace/base/sha256.h"
#include "betrace/bench/bare_walk.h"
#include "betrace/bench/payloads.h"
#include "betrace/bench/pipeline.h"
#include "betrace/otlp/json_trace_reader.h"
#include "betrace/otlp/trace_reader.h"

namespace betrace::bench {
namespace {

// After so many the traces of the first have long been evicted, and memory is as it stays.
constexpr std::uint64_t kWarmPasses = 3;

// What a stage does with one request; returns how many spans it saw.
using Stage = std::uint64_t (*)(std::string_view request, Pipeline& pipeline);

struct NamedStage {
  std::string_view name;
  Encoding encoding;
  Stage run;
};

constexpr NamedStage kStages[] = {
    {"walk", Encoding::Protobuf,
     [](std::string_view request, Pipeline&) { return bare_walk(request).spans; }},
    {"read", Encoding::Protobuf,
     [](std::string_view request, Pipeline&) {
       static otlp::TraceReader reader;
       const auto read = reader.read(request, [](const model::SpanView&) {});
       return read ? read->spans_decoded : 0;
     }},
    {"read_json", Encoding::Json,
     [](std::string_view request, Pipeline&) {
       static otlp::JsonTraceReader reader;
       const auto read = reader.read(request, [](const model::SpanView&) {});
       return read ? read->spans_decoded : 0;
     }},
    {"pipeline", Encoding::Protobuf,
     [](std::string_view request, Pipeline& pipeline) {
       const std::uint64_t before = pipeline.spans();
       pipeline.take(request);
       return pipeline.spans() - before;
     }},
};

}  // namespace

// Its name is what callgrind is told.
__attribute__((noinline)) std::uint64_t counted_stage(Stage run, Traffic& traffic,
                                                      Pipeline& pipeline) {
  std::uint64_t spans = 0;
  for (std::size_t i = 0; i < traffic.request_count(); ++i) {
    spans += run(traffic.request(i).body, pipeline);
  }
  return spans;
}

namespace {

void renew_ids(Traffic& traffic, std::uint64_t pass) {
  for (std::size_t i = 0; i < traffic.request_count(); ++i) {
    traffic.overwrite_ids(traffic.request(i), {44, pass});
  }
}

int count(std::string_view wanted, bool counts_allocations) {
  const NamedStage* stage = std::ranges::find(kStages, wanted, &NamedStage::name);
  if (stage == std::end(kStages)) return 2;
  Traffic& traffic = shared_payload(Shape::TenAttributes, stage->encoding, counts_allocations);
  Pipeline pipeline(traffic.maker().rules());
  static_cast<void>(sha256(""));  // its first call loads the library
  if (counts_allocations) {
    for (std::uint64_t pass = 1; pass <= kWarmPasses; ++pass) {
      renew_ids(traffic, pass);
      counted_stage(stage->run, traffic, pipeline);
    }
    renew_ids(traffic, kWarmPasses + 1);
    heap_asked = 0;
  }
  const std::uint64_t spans = counted_stage(stage->run, traffic, pipeline);
  const std::uint64_t asked = heap_asked;
  if (counts_allocations) {
    std::printf("%llu %zu\n", static_cast<unsigned long long>(asked), traffic.request_count());
  }
  return spans == traffic.span_count() ? 0 : 1;
}

}  // namespace
}  // namespace betrace::bench

// The heap of the C library, counted. Aligned memory is not: nothing asks for it per span.

int main(int count, char** arguments) {
  const bool counts_allocations = count == 3 && std::string_view(arguments[1]) == "--allocations";
  if (count != 2 && !counts_allocations) return 2;
  return betrace::bench::count(arguments[count - 1], counts_allocations);
}
