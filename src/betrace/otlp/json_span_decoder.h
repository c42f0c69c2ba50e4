// One Span object of OTLP/JSON becomes a SpanView, within the limits.
//
// Used by json_trace_reader only. Whether the span is taken is decided by span_delivery.
#pragma once

#include <cstdint>
#include <string_view>

#include "betrace/model/span_view.h"
#include "betrace/otlp/json_fields.h"
#include "betrace/otlp/json_value_decoder.h"
#include "betrace/otlp/span_builder.h"

namespace betrace::otlp {

/// Made for one span. Not thread-safe.
class JsonSpanDecoder {
 public:
  /// `builder` has begun the span and must live as long as its views.
  JsonSpanDecoder(SpanBuilder& builder, JsonProblem& problem) noexcept
      : builder_(builder), problem_(problem), values_(builder, problem) {}

  /// Returns the span that the object `json` describes, without resource and scope.
  [[nodiscard]] model::SpanView& decode(JsonElement json);

  /// The name of an id that has a wrong length, or null.
  [[nodiscard]] const char* invalid_id() const noexcept { return invalid_id_; }

 private:
  void take_members(JsonElement json);
  void take(std::string_view name, JsonElement element);
  template <typename IdType>
  IdType id(JsonElement hex, const char* name);
  void take_events();
  model::EventView event(JsonElement json);
  void take_links();
  model::LinkView link(JsonElement json);
  void take_status();

  SpanBuilder& builder_;
  JsonProblem& problem_;
  JsonValueDecoder values_;
  model::SpanView span_;
  JsonElement trace_id_, span_id_, parent_span_id_, name_, kind_, start_time_, end_time_,
      attributes_, events_, links_, status_;
  const char* invalid_id_ = nullptr;
};

}  // namespace betrace::otlp
