// A span as one line of text that is equal if and only if the spans are. For tests.
#pragma once

#include <fmt/format.h>

#include <bit>
#include <string>

#include "betrace/base/hex.h"
#include "betrace/model/span_view.h"

namespace betrace::otlp::oracle {

inline std::string hex_of(std::string_view bytes) {
  return to_hex(std::span(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
}

inline std::string text_of(model::AttributesView attributes);

inline std::string text_of(const model::ValueView& value) {
  switch (value.type()) {
    case model::ValueType::Nil:
      return "nil";
    case model::ValueType::Bool:
      return value.as_bool() ? "true" : "false";
    case model::ValueType::Int:
      return fmt::format("i{}", value.as_int());
    case model::ValueType::Double:
      return fmt::format("d{:x}", std::bit_cast<std::uint64_t>(value.as_double()));
    case model::ValueType::String:
      return fmt::format("s{}", hex_of(value.as_text()));
    case model::ValueType::Bytes:
      return fmt::format("b{}", hex_of(value.as_text()));
    case model::ValueType::List: {
      std::string text = "[";
      for (const model::ValueView& item : value.as_list()) text += text_of(item) + ",";
      return text + "]";
    }
    case model::ValueType::Map:
      return text_of(value.as_map());
  }
  return "?";
}

inline std::string text_of(model::AttributesView attributes) {
  std::string text = "{";
  for (const model::AttributeView& attribute : attributes) {
    text += fmt::format("{}={},", hex_of(attribute.key), text_of(attribute.value));
  }
  return text + "}";
}

inline std::string text_of(const model::SpanView& span) {
  std::string text = fmt::format(
      "{}/{}<{} name={} kind={} status={}:{} {}..{} attributes={} resource={} scope={}:{}",
      span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex(), hex_of(span.name),
      static_cast<int>(span.kind), static_cast<int>(span.status_code), hex_of(span.status_message),
      span.start_time_unix_nano, span.end_time_unix_nano, text_of(span.attributes),
      text_of(span.resource), hex_of(span.scope_name), hex_of(span.scope_version));
  for (const model::EventView& event : span.events) {
    text += fmt::format(" event {}@{}{}", hex_of(event.name), event.time_unix_nano,
                        text_of(event.attributes));
  }
  for (const model::LinkView& link : span.links) {
    text += fmt::format(" link {}/{}{}", link.trace_id.hex(), link.span_id.hex(),
                        text_of(link.attributes));
  }
  return text + (span.cut ? " cut" : "");
}

}  // namespace betrace::otlp::oracle
