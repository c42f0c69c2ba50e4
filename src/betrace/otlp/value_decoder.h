// Attributes of protobuf: KeyValue and AnyValue messages become views, within the limits.
//
// Used by span_decoder and trace_reader only. A walk bounds the nesting of a request, so the
// functions may call each other.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "betrace/otlp/message_pieces.h"
#include "betrace/otlp/simple_attribute.h"
#include "betrace/otlp/span_builder.h"

namespace betrace::otlp {

/// Adds to rows of one builder. Cheap to make. Not thread-safe.
class ValueDecoder {
 public:
  ValueDecoder(SpanBuilder& builder, WireWalk& walk) noexcept : builder_(builder), walk_(walk) {}

  /// Adds the KeyValue message to the attributes of `row`.
  void attribute(SpanBuilder::Row& row, std::string_view key_value) {
    SimpleAttribute simple;
    if (walk_.has_room(2) && read_simple_attribute(key_value, walk_.message(), &simple) &&
        builder_.add_plain_attribute(row, simple.key, simple.value, simple.text_bytes)) {
      return;
    }
    any_attribute(row, key_value);
  }

  /// Adds the attributes that `fields` begins with, as many as are short and simple; each is a
  /// field with `tag`, of one byte. Returns the fields after them.
  [[nodiscard, gnu::always_inline]] std::string_view simple_attributes(SpanBuilder::Row& row,
                                                                       std::uint32_t tag,
                                                                       std::string_view fields) {
    std::uint64_t room = walk_.has_room(2) ? builder_.begin_plain(row) : 0;
    const char* at = fields.data();
    const char* const end = at + fields.size();
    const auto byte = [&at](std::size_t i) { return static_cast<unsigned char>(at[i]); };
    for (; room > 0 && end - at >= 2 && byte(0) == tag; --room) {
      const std::string_view key_value(at + 2, byte(1));
      SimpleAttribute simple;
      if (byte(1) > std::min<std::ptrdiff_t>(end - at - 2, SpanBuilder::kPlainBytesMax) ||
          !read_simple_attribute(key_value, walk_.message(), &simple)) {
        break;
      }
      builder_.add_plain(row, simple.key, simple.value, simple.text_bytes);
      at += 2 + key_value.size();
    }
    return {at, static_cast<std::size_t>(end - at)};
  }

 private:
  void any_attribute(SpanBuilder::Row& row, std::string_view key_value);
  void field(SpanBuilder::Row& row, std::string_view key_value);
  model::ValueView value(const MessagePieces& any_value);
  void drop(std::uint32_t member, const MessagePieces& nested);
  model::ValueView make_value(std::uint32_t member, std::uint64_t number, std::string_view text,
                              const MessagePieces& nested);
  model::ValueView list(const MessagePieces& array_value);
  model::ValueView map(const MessagePieces& key_value_list);

  SpanBuilder& builder_;
  WireWalk& walk_;
};

}  // namespace betrace::otlp
