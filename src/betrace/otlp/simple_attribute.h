// The KeyValue message as every SDK writes it: the key, then a value that is no list or map.
//
// A shortcut of value_decoder; whatever is written in another way takes the general
// path, with the same result (tested).
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "betrace/otlp/message_pieces.h"

namespace betrace::otlp {

struct SimpleAttribute {
  std::string_view key;
  std::uint32_t member = 0;  ///< The tag of the value within AnyValue.
  std::uint64_t number = 0;  ///< Bool, int, and double by its bits.
  std::string_view text;     ///< String and bytes.
};

/// Reads a varint that is all of `bytes`; false if it is not, or has more than nine bytes.
[[nodiscard]] inline bool read_number(std::string_view bytes, std::uint64_t* number) noexcept {
  std::uint64_t value = 0;
  if (bytes.empty() || bytes.size() > 9) return false;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    if ((byte < 0x80) != (i + 1 == bytes.size())) return false;
    value |= static_cast<std::uint64_t>(byte & 0x7FU) << (7 * i);
  }
  *number = value;
  return true;
}

/// False if the message is not written in the usual way, or malformed. Reads nothing beyond it.
[[nodiscard]] inline bool read_simple_attribute(std::string_view key_value,
                                                SimpleAttribute* attribute) noexcept {
  const char* at = key_value.data();
  const std::size_t size = key_value.size();
  const auto byte = [at](std::size_t i) { return static_cast<unsigned char>(at[i]); };
  // Lengths of one byte each: keys and values are rarely longer.
  if (size < 5 || byte(0) != bytes_tag(1) || byte(1) >= 0x80) return false;
  const std::size_t value = 2U + byte(1);  // where the value begins, with its tag and its length
  if (size < value + 3 || byte(value) != bytes_tag(2) || size != value + 2 + byte(value + 1) ||
      byte(value + 1) >= 0x80) {
    return false;
  }
  attribute->key = std::string_view(at + 2, byte(1));
  attribute->member = byte(value + 2);
  const std::size_t rest = value + 3;
  switch (attribute->member) {
    case bytes_tag(1):
    case bytes_tag(7):
      if (size <= rest || byte(rest) != size - rest - 1) return false;
      attribute->text = std::string_view(at + rest + 1, byte(rest));
      return true;
    case varint_tag(2):
    case varint_tag(3):
      return read_number(key_value.substr(rest), &attribute->number);
    case fixed64_tag(4):
      if (size != rest + 8) return false;
      std::memcpy(&attribute->number, at + rest, 8);
      return true;
    default:
      return false;
  }
}

}  // namespace betrace::otlp
