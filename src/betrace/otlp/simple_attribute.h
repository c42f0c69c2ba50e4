// The KeyValue message as every SDK writes it: the key, then a value that is no list or map.
//
// A shortcut of wire_check and value_decoder; whatever is written in another way takes the general
// path, with the same result (tested).
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "betrace/otlp/message_pieces.h"

namespace betrace::otlp {

struct SimpleAttribute {
  std::string_view key;
  std::uint32_t member = 0;  ///< The tag of the value within AnyValue; 0: the value is unset.
  std::uint64_t number = 0;  ///< Bool, int, and double by its bits.
  std::string_view text;     ///< String and bytes.
};

/// False if the message is not written in the usual way, or malformed. Reads nothing beyond it.
[[nodiscard]] inline bool read_simple_attribute(std::string_view key_value,
                                                SimpleAttribute* attribute) noexcept {
  WireCursor cursor(key_value);
  std::uint32_t tag = 0;
  std::string_view value;
  if (!cursor.read_tag(&tag) || tag != bytes_tag(1) || !cursor.read_bytes(&attribute->key)) {
    return false;
  }
  if (!cursor.read_tag(&tag) || tag != bytes_tag(2) || !cursor.read_bytes(&value)) return false;
  if (!cursor.at_end()) return false;
  attribute->member = 0;
  if (value.empty()) return true;
  WireCursor inside(value);
  if (!inside.read_tag(&attribute->member)) return false;
  switch (attribute->member) {
    case bytes_tag(1):
    case bytes_tag(7):
      return inside.read_bytes(&attribute->text) && inside.at_end();
    case varint_tag(2):
    case varint_tag(3):
      return inside.read_varint(&attribute->number) && inside.at_end();
    case fixed64_tag(4):
      return inside.read_fixed64(&attribute->number) && inside.at_end();
    default:
      return false;
  }
}

}  // namespace betrace::otlp
