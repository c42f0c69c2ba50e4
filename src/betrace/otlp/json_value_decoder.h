// Attributes of OTLP/JSON: KeyValue and AnyValue objects become views, within the limits.
//
// Used by json_span_decoder and json_trace_reader only. The depth of the parser bounds how deep the
// functions call each other.
#pragma once

#include <string_view>

#include "betrace/otlp/json_fields.h"
#include "betrace/otlp/span_builder.h"

namespace betrace::otlp {

/// Adds to rows of one builder. Cheap to make. Not thread-safe.
class JsonValueDecoder {
 public:
  JsonValueDecoder(SpanBuilder& builder, JsonProblem& problem) noexcept
      : builder_(builder), problem_(problem) {}

  /// Returns the attributes in a list of KeyValue objects; none if it is absent.
  [[nodiscard]] model::AttributesView attributes(JsonElement list);

  /// Returns the text of a name or message; empty if it is absent.
  [[nodiscard]] std::string_view name(JsonElement text, std::string_view member);

 private:
  void field(SpanBuilder::Row& row, JsonElement key_value);
  model::ValueView value(JsonElement any_value);
  model::ValueView make_value(std::string_view member, JsonElement element);
  model::ValueView bytes(std::string_view base64);
  JsonElement values_of(JsonElement message, std::string_view member);
  model::ValueView list(JsonElement array_value);
  model::ValueView map(JsonElement key_value_list);

  SpanBuilder& builder_;
  JsonProblem& problem_;
};

}  // namespace betrace::otlp
