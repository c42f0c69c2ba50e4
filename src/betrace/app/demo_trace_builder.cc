#include "betrace/app/demo_trace_builder.h"

#include "betrace/base/time.h"

namespace betrace::app {
namespace {

template <std::size_t N>
model::Id<N> random_id(std::mt19937_64& random) {
  model::Id<N> id;
  for (std::uint8_t& byte : id.bytes) byte = static_cast<std::uint8_t>(random());
  if (id.is_zero()) id.bytes[0] = 1;
  return id;
}

}  // namespace

DemoTraceBuilder::DemoTraceBuilder(std::mt19937_64& random, std::uint64_t run,
                                   std::uint64_t start_unix_nano)
    : random_(random), start_unix_nano_(start_unix_nano), trace_id_(random_id<16>(random)) {
  for (std::size_t i = 0; i < sizeof(run); ++i) {
    trace_id_.bytes[i] ^= static_cast<std::uint8_t>(run >> (8 * i));
  }
  if (trace_id_.is_zero()) trace_id_.bytes[0] = 1;
}

model::SpanId DemoTraceBuilder::fresh_id() { return random_id<8>(random_); }

model::SpanId DemoTraceBuilder::add(const model::SpanId& parent, const DemoSpan& span,
                                    DemoAttributes attributes) {
  std::vector<model::AttributeView> pairs;
  for (const auto& [key, value] : attributes) pairs.push_back({key, value});
  const model::AttributeView resource[] = {
      {"service.name", model::ValueView::string(span.service)},
      {"deployment.environment.name", model::ValueView::string("demo")},
  };
  model::SpanView view;
  view.trace_id = trace_id_;
  view.span_id = fresh_id();
  view.parent_span_id = parent;
  view.name = span.name;
  view.kind = span.kind;
  view.status_code = span.status;
  view.start_time_unix_nano = start_unix_nano_ + span.at_ms * kNanosPerMilli;
  view.end_time_unix_nano = view.start_time_unix_nano + span.took_ms * kNanosPerMilli;
  view.attributes = pairs;
  view.resource = resource;
  view.scope_name = "betrace-demo";
  spans_.push_back(model::KeptSpan::copy(view));
  return view.span_id;
}

}  // namespace betrace::app
