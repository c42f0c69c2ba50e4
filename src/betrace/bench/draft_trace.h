// A trace while the load generator writes it: spans that can still be edited, texts in one place.
//
// Used by trace_maker.h, span_shapes.h and the scenes of bench_rules.h. Not for traces from
// outside: it checks nothing.
#pragma once

#include <chrono>
#include <deque>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/model/kept_span.h"

namespace betrace::bench {

/// One span that can be edited. Times are set on `view`, attributes through the functions.
struct DraftSpan {
  model::SpanView view;
  std::vector<model::AttributeView> attributes;
  std::vector<model::EventView> events;
  std::vector<model::LinkView> links;

  /// Sets or replaces an attribute. `key`, and what `value` refers to, must outlive the span.
  void set(std::string_view key, model::ValueView value);
  void remove(std::string_view key);
  void set_duration(std::chrono::nanoseconds duration);
};

/// The spans of one trace, the root first, and what they refer to. Not thread-safe.
class DraftTrace {
 public:
  DraftTrace() = default;
  DraftTrace(const DraftTrace&) = delete;
  DraftTrace& operator=(const DraftTrace&) = delete;

  [[nodiscard]] std::vector<DraftSpan>& spans() noexcept { return spans_; }
  [[nodiscard]] DraftSpan& root() noexcept { return spans_.front(); }
  /// The `number`th span from the end: a leaf. Requires: that many spans besides the root.
  [[nodiscard]] DraftSpan& leaf(std::size_t number) noexcept;

  /// Keep what a view refers to as long as this trace.
  [[nodiscard]] std::string_view keep(std::string text);
  [[nodiscard]] model::ValueView keep_text(std::string text);
  [[nodiscard]] model::ValueView keep_list(std::vector<model::ValueView> items);
  [[nodiscard]] model::ValueView keep_map(std::vector<model::AttributeView> fields);
  [[nodiscard]] model::AttributesView keep_attributes(std::vector<model::AttributeView> fields);

  /// Copies the spans out in their order.
  [[nodiscard]] std::vector<model::KeptSpan> finish();

 private:
  std::vector<DraftSpan> spans_;
  std::deque<std::string> texts_;
  std::deque<std::vector<model::ValueView>> lists_;
  std::deque<std::vector<model::AttributeView>> maps_;
};

}  // namespace betrace::bench
