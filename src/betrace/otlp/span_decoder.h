// One Span message of protobuf becomes a SpanView, within the limits.
//
// Used by trace_reader only. Whether the span is taken is decided by span_delivery.
#pragma once

#include <cstdint>
#include <string_view>

#include "betrace/model/span_view.h"
#include "betrace/otlp/message_pieces.h"
#include "betrace/otlp/span_builder.h"
#include "betrace/otlp/value_decoder.h"

namespace betrace::otlp {

/// Made for one span. Not thread-safe.
class SpanDecoder {
 public:
  /// `builder` has begun the span and must live as long as its views.
  SpanDecoder(SpanBuilder& builder, WireWalk& walk) noexcept;

  /// Returns the span without resource and scope, owned by this. It means nothing if the walk then
  /// knows of something wrong.
  [[nodiscard]] model::SpanView& decode(std::string_view message);

  /// The name of an id that has a wrong length, or null.
  [[nodiscard]] const char* invalid_id() const noexcept { return invalid_id_; }

 private:
  [[nodiscard]] std::string_view take_usual_beginning(std::string_view fields);
  void take_status();
  void take_event(std::string_view message);
  void take_link(std::string_view message);

  SpanBuilder& builder_;
  WireWalk& walk_;
  ValueDecoder values_;
  SpanBuilder::Row attributes_;
  SpanBuilder::Row events_;
  SpanBuilder::Row links_;
  model::SpanView span_;
  std::string_view trace_id_;
  std::string_view span_id_;
  std::string_view parent_span_id_;
  std::string_view name_;
  MessagePieces status_;
  const char* invalid_id_ = nullptr;
};

}  // namespace betrace::otlp
