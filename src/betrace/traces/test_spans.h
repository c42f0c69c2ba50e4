// Small spans for tests of traces and engine: ids are numbers, everything else has a default.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "betrace/base/time.h"
#include "betrace/model/kept_span.h"
#include "betrace/traces/trace_state.h"

namespace betrace::traces {

/// A point of the monotonic clock, counted from its zero.
[[nodiscard]] inline MonotonicTime at(std::chrono::nanoseconds since_zero) {
  return MonotonicTime(since_zero);
}

/// A trace id whose last eight bytes are `number`, big-endian, so that its hex ends in the number.
[[nodiscard]] inline model::TraceId test_trace_id(std::uint64_t number) {
  model::TraceId id;
  id.bytes[0] = 0xAA;
  for (std::size_t i = 0; i < 8; ++i) {
    id.bytes[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
  }
  return id;
}

/// A span id that is `number`, big-endian; zero is the empty id.
[[nodiscard]] inline model::SpanId test_span_id(std::uint64_t number) {
  model::SpanId id;
  for (std::size_t i = 0; i < 8; ++i) {
    id.bytes[7 - i] = static_cast<std::uint8_t>(number >> (8 * i));
  }
  return id;
}

/// What a test says about a span. Times are nanoseconds.
struct TestSpan {
  std::uint64_t trace = 1;
  std::uint64_t id = 1;
  std::uint64_t parent = 0;
  std::string_view name = "work";
  std::uint64_t start = 1'000;
  std::uint64_t end = 2'000;
  std::vector<model::AttributeView> attributes = {};
  std::string_view scope_name = {};
  bool cut = false;
};

[[nodiscard]] inline model::KeptSpan kept(const TestSpan& span) {
  model::SpanView view;
  view.trace_id = test_trace_id(span.trace);
  view.span_id = test_span_id(span.id);
  view.parent_span_id = test_span_id(span.parent);
  view.name = span.name;
  view.start_time_unix_nano = span.start;
  view.end_time_unix_nano = span.end;
  view.attributes = span.attributes;
  view.scope_name = span.scope_name;
  view.cut = span.cut;
  return model::KeptSpan::copy(view);
}

/// A span of which everything is kept, as it arrives, with the memory that holds it.
struct TestArrival : ArrivingSpan {
  model::KeptSpan whole;
};

[[nodiscard]] inline TestArrival arriving(const TestSpan& span) {
  model::KeptSpan whole = kept(span);
  return {{SpanRecord::of(whole.view()), whole.packed(), {}}, std::move(whole)};
}

}  // namespace betrace::traces
