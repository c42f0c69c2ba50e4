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
  const char* at = key_value.data();
  const std::size_t size = key_value.size();
  // Two lengths of one byte each: keys and values are rarely longer.
  if (size < 4 || at[0] != static_cast<char>(bytes_tag(1))) return false;
  const auto key_size = static_cast<unsigned char>(at[1]);
  if (key_size >= 0x80 || size < key_size + 4U) return false;
  const char* value = at + 2 + key_size;
  const auto value_size = static_cast<unsigned char>(value[1]);
  if (value[0] != static_cast<char>(bytes_tag(2)) || value_size >= 0x80 ||
      size != key_size + 4U + value_size) {
    return false;
  }
  attribute->key = std::string_view(at + 2, key_size);
  attribute->member = 0;
  if (value_size == 0) return true;
  attribute->member = static_cast<unsigned char>(value[2]);
  WireCursor inside(std::string_view(value + 3, value_size - 1U));
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
