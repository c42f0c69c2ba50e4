// What every reader promises of every input, checked on what it did with one. For fuzz targets.
#pragma once

#include <string>
#include <vector>

#include "betrace/base/check.h"
#include "betrace/base/utf8.h"
#include "betrace/model/kept_span.h"
#include "betrace/otlp/oracle/span_text.h"
#include "betrace/otlp/read_summary.h"
#include "betrace/otlp/trace_reader.h"
#include "betrace/otlp/trace_writer.h"

namespace betrace::otlp::oracle {

inline void check_value(const model::ValueView& value, std::uint32_t depth);

inline void check_attributes(model::AttributesView attributes, std::uint32_t depth) {
  for (const model::AttributeView& attribute : attributes) {
    BETRACE_CHECK(is_utf8(attribute.key) && attribute.key.size() <= ReaderLimits{}.key_bytes_max);
    check_value(attribute.value, depth);
  }
}

inline void check_value(const model::ValueView& value, std::uint32_t depth) {
  BETRACE_CHECK(depth <= ReaderLimits{}.value_depth_max);
  if (value.type() == model::ValueType::String) BETRACE_CHECK(is_utf8(value.as_text()));
  if (value.type() == model::ValueType::List) {
    for (const model::ValueView& item : value.as_list()) check_value(item, depth + 1);
  }
  if (value.type() == model::ValueType::Map) check_attributes(value.as_map(), depth + 1);
}

inline void check_span(const model::SpanView& span) {
  BETRACE_CHECK(!span.trace_id.is_zero() && !span.span_id.is_zero());
  for (const std::string_view text :
       {span.name, span.status_message, span.scope_name, span.scope_version}) {
    BETRACE_CHECK(is_utf8(text));
  }
  BETRACE_CHECK(span.attributes.size() <= 128 && span.events.size() <= 128);
  check_attributes(span.attributes, 1);
  check_attributes(span.resource, 1);
  for (const model::EventView& event : span.events) check_attributes(event.attributes, 1);
  for (const model::LinkView& link : span.links) check_attributes(link.attributes, 1);
}

/// Reads `input` with `reader`; what it delivers must keep the promises and survive being written
/// as protobuf and read again.
template <typename Reader>
void check_promises(Reader& reader, std::string_view input) {
  std::vector<model::KeptSpan> spans;
  const auto summary = reader.read(input, [&spans](const model::SpanView& span) {
    check_span(span);
    spans.push_back(model::KeptSpan::copy(span));
  });
  if (!summary) {
    BETRACE_CHECK(is_utf8(summary.error().message));
    return;
  }
  BETRACE_CHECK(summary->spans_decoded == spans.size() + summary->rejected_count());
  BETRACE_CHECK(is_utf8(describe_losses(*summary)));
  std::vector<model::SpanView> views;
  for (const model::KeptSpan& span : spans) views.push_back(span.view());
  std::size_t index = 0;
  const auto again = TraceReader().read(write_protobuf(views), [&](const model::SpanView& span) {
    model::SpanView expected = views[index++];
    expected.cut = false;
    BETRACE_CHECK(text_of(span) == text_of(expected));
  });
  BETRACE_CHECK(again.has_value() && index == views.size());
}

}  // namespace betrace::otlp::oracle
