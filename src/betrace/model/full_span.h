// A span with something in every field, for tests of what copies or compares spans.
#pragma once

#include <array>

#include "betrace/model/span_view.h"

namespace betrace::model {

/// Owns its arrays; the texts are literals. Not copyable: the views point into it.
struct FullSpan {
  FullSpan() {
    links[0].trace_id.bytes[15] = 9;
    span.trace_id.bytes[0] = 1;
    span.span_id.bytes[0] = 2;
    span.parent_span_id.bytes[7] = 3;
    span.name = "GET /orders";
    span.kind = SpanKind::Server;
    span.status_code = StatusCode::Error;
    span.status_message = "out of stock";
    span.start_time_unix_nano = 1'000;
    span.end_time_unix_nano = 5'000;
    span.attributes = attributes;
    span.resource = resource;
    span.scope_name = "http";
    span.scope_version = "1.2";
    span.events = events;
    span.links = links;
    span.cut = true;
  }
  FullSpan(const FullSpan&) = delete;
  FullSpan& operator=(const FullSpan&) = delete;

  std::array<AttributeView, 1> inner = {{{"deep", ValueView::string("value")}}};
  std::array<ValueView, 3> items = {ValueView::integer(1), ValueView(), ValueView::map(inner)};
  std::array<AttributeView, 7> attributes = {{{"text", ValueView::string("t\xc3\xbc")},
                                              {"empty", ValueView::string("")},
                                              {"flag", ValueView::boolean(true)},
                                              {"count", ValueView::integer(-7)},
                                              {"share", ValueView::real(0.5)},
                                              {"raw", ValueView::bytes({"\0\xff", 2})},
                                              {"list", ValueView::list(items)}}};
  std::array<AttributeView, 1> resource = {{{"service.name", ValueView::string("shop")}}};
  std::array<EventView, 2> events = {{{2'000, "retry", inner}, {3'000, "", {}}}};
  std::array<LinkView, 1> links = {{{{}, {}, inner}}};
  SpanView span;
};

}  // namespace betrace::model
