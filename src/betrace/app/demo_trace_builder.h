// Builds the spans of one demo trace on a time line of milliseconds.
//
// Used by app/demo_shop. Not for traces from outside: it checks nothing.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "betrace/model/kept_span.h"

namespace betrace::app {

/// Attributes as literals: texts, numbers, booleans. Views: the texts must outlive `add`.
using DemoAttributes = std::initializer_list<std::pair<std::string_view, model::ValueView>>;

/// What a span of the demo looks like; times are milliseconds after the start of the trace.
struct DemoSpan {
  std::string_view name;
  std::string_view service;
  std::uint64_t at_ms = 0;
  std::uint64_t took_ms = 10;
  model::SpanKind kind = model::SpanKind::Internal;
  model::StatusCode status = model::StatusCode::Unset;
};

/// Collects spans under one random trace id. Not thread-safe.
class DemoTraceBuilder {
 public:
  /// `run` is mixed into the trace id and changes nothing else.
  DemoTraceBuilder(std::mt19937_64& random, std::uint64_t run, std::uint64_t start_unix_nano);

  /// Adds a span below `parent` (zero: a root) and returns its id.
  model::SpanId add(const model::SpanId& parent, const DemoSpan& span,
                    DemoAttributes attributes = {});
  /// An id that no span of this trace has.
  [[nodiscard]] model::SpanId fresh_id();
  [[nodiscard]] std::vector<model::KeptSpan> finish() { return std::move(spans_); }

 private:
  std::mt19937_64& random_;
  std::uint64_t start_unix_nano_;
  model::TraceId trace_id_;
  std::vector<model::KeptSpan> spans_;
};

}  // namespace betrace::app
