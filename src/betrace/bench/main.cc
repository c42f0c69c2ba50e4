// A fixed piece of work for an instruction counter: 20,000 spans through one stage.
//
// tools/bench runs it under callgrind, which counts inside counted_stage() alone; wall time on a
// shared machine cannot see a change of 5 %, this can. Usage: betrace_instructions STAGE
#include <cstdint>
#include <cstdio>
#include <string_view>

#include "betrace/bench/bare_walk.h"
#include "betrace/bench/payloads.h"
#include "betrace/bench/pipeline.h"
#include "betrace/otlp/json_trace_reader.h"
#include "betrace/otlp/trace_reader.h"

namespace betrace::bench {
namespace {

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

int count(std::string_view wanted) {
  for (const NamedStage& stage : kStages) {
    if (stage.name != wanted) continue;
    Traffic& traffic = shared_payload(Shape::TenAttributes, stage.encoding);
    Pipeline pipeline(traffic.maker().rules());
    const std::uint64_t spans = counted_stage(stage.run, traffic, pipeline);
    std::printf("%llu\n", static_cast<unsigned long long>(spans));
    return spans == traffic.span_count() ? 0 : 1;
  }
  return 2;
}

}  // namespace
}  // namespace betrace::bench

int main(int count, char** arguments) {
  if (count != 2) return 2;
  return betrace::bench::count(arguments[1]);
}
