// Attributes of protobuf: KeyValue and AnyValue messages become views, within the limits.
//
// Used by span_decoder and trace_reader only. The nesting of a request is bounded by check_request,
// so the functions may call each other.
#pragma once

#include <cstdint>
#include <string_view>

#include "betrace/otlp/message_pieces.h"
#include "betrace/otlp/simple_attribute.h"
#include "betrace/otlp/span_builder.h"

namespace betrace::otlp {

/// Adds to rows of one builder. Cheap to make. Not thread-safe.
class ValueDecoder {
 public:
  explicit ValueDecoder(SpanBuilder& builder) noexcept : builder_(builder) {}

  /// Adds the KeyValue message to the attributes of `row`.
  void attribute(SpanBuilder::Row& row, std::string_view key_value);

 private:
  [[nodiscard]] bool add_plain(SpanBuilder::Row& row, const SimpleAttribute& simple);
  void field(SpanBuilder::Row& row, std::string_view key_value);
  model::ValueView value(const MessagePieces& any_value);
  model::ValueView make_value(std::uint32_t member, std::uint64_t number, std::string_view text,
                              const MessagePieces& nested);
  model::ValueView list(const MessagePieces& array_value);
  model::ValueView map(const MessagePieces& key_value_list);

  SpanBuilder& builder_;
};

}  // namespace betrace::otlp
