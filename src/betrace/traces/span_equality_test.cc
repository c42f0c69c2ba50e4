// Goal: a copy of a span is the same; one that differs in any field, however deep, is not.
// Method: one change at a time to a span that has everything.

#include "betrace/traces/span_equality.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <vector>

#include "betrace/traces/test_spans.h"

namespace betrace::traces {
namespace {

using model::AttributeView;
using model::EventView;
using model::LinkView;
using model::SpanView;
using model::ValueView;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// A span with every field, and the lists that its views point into.
struct FullSpan {
  FullSpan() {
    items = {ValueView::integer(1), ValueView::boolean(true), ValueView()};
    members = {{"inner", ValueView::real(kNan)}};
    attributes = {{"text", ValueView::string("x")},
                  {"bytes", ValueView::bytes("y")},
                  {"list", ValueView::list(items)},
                  {"map", ValueView::map(members)}};
    events = {EventView{}};
    events[0].time_unix_nano = 5;
    events[0].name = "event";
    events[0].attributes = members;
    links = {LinkView{}};
    links[0].trace_id = test_trace_id(9);
    links[0].span_id = test_span_id(9);
    links[0].attributes = members;
    view.trace_id = test_trace_id(1);
    view.span_id = test_span_id(2);
    view.parent_span_id = test_span_id(3);
    view.name = "name";
    view.scope_name = "scope";
    view.scope_version = "1";
    view.status_message = "fine";
    view.start_time_unix_nano = 10;
    view.end_time_unix_nano = 20;
    view.attributes = attributes;
    view.resource = members;
    view.events = events;
    view.links = links;
  }
  FullSpan(const FullSpan&) = delete;
  FullSpan& operator=(const FullSpan&) = delete;

  std::vector<ValueView> items;
  std::vector<AttributeView> members;
  std::vector<AttributeView> attributes;
  std::vector<EventView> events;
  std::vector<LinkView> links;
  SpanView view;
};

TEST(SpanEqualityTest, ACopyIsTheSameEvenWithNan) {
  EXPECT_TRUE(is_same_span(FullSpan().view, FullSpan().view));
}

TEST(SpanEqualityTest, AnyDifferenceCounts) {
  const std::vector<std::function<void(FullSpan&)>> changes = {
      [](FullSpan& span) { span.view.trace_id = test_trace_id(2); },
      [](FullSpan& span) { span.view.span_id = test_span_id(1); },
      [](FullSpan& span) { span.view.parent_span_id = {}; },
      [](FullSpan& span) { span.view.name = "other"; },
      [](FullSpan& span) { span.view.kind = model::SpanKind::Client; },
      [](FullSpan& span) { span.view.status_code = model::StatusCode::Error; },
      [](FullSpan& span) { span.view.status_message = "bad"; },
      [](FullSpan& span) { span.view.start_time_unix_nano = 11; },
      [](FullSpan& span) { span.view.end_time_unix_nano = 21; },
      [](FullSpan& span) { span.view.scope_name = "other"; },
      [](FullSpan& span) { span.view.scope_version = "2"; },
      [](FullSpan& span) { span.view.cut = true; },
      [](FullSpan& span) { span.view.resource = {}; },
      [](FullSpan& span) { span.view.events = {}; },
      [](FullSpan& span) { span.view.links = {}; },
      [](FullSpan& span) { span.attributes[0].key = "other"; },
      [](FullSpan& span) { span.attributes[0].value = ValueView::string("z"); },
      [](FullSpan& span) { span.attributes[0].value = ValueView::bytes("x"); },
      [](FullSpan& span) { span.attributes[1].value = ValueView::bytes("z"); },
      [](FullSpan& span) { span.items[0] = ValueView::integer(2); },
      [](FullSpan& span) { span.items[1] = ValueView::boolean(false); },
      [](FullSpan& span) { span.members[0].value = ValueView::real(0); },
      [](FullSpan& span) { span.events[0].time_unix_nano = 6; },
      [](FullSpan& span) { span.events[0].name = "other"; },
      [](FullSpan& span) { span.events[0].attributes = {}; },
      [](FullSpan& span) { span.links[0].trace_id = test_trace_id(8); },
      [](FullSpan& span) { span.links[0].span_id = test_span_id(8); },
      [](FullSpan& span) { span.links[0].attributes = {}; },
  };
  const FullSpan original;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    FullSpan changed;
    changes[i](changed);
    EXPECT_FALSE(is_same_span(original.view, changed.view)) << "change " << i;
    EXPECT_FALSE(is_same_span(changed.view, original.view)) << "change " << i;
  }
}

}  // namespace
}  // namespace betrace::traces
