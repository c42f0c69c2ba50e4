// The KeyValue message as every SDK writes it: the key, then a value that is no list or map, and no
// text but ASCII.
//
// A shortcut of value_decoder; whatever is written in another way takes the general path, with the
// same result (tested).
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "betrace/base/utf8.h"
#include "betrace/model/span_view.h"
#include "betrace/otlp/message_pieces.h"

namespace betrace::otlp {

struct SimpleAttribute {
  std::string_view key;
  model::ValueView value;
  std::size_t text_bytes = 0;  ///< Of the value.
};

/// Reads a varint that is all of `bytes`, without a branch on its length. False if it is not, if it
/// has more than eight bytes, or if no eight bytes of `request` are left to be read at once.
[[nodiscard]] inline bool read_number(std::string_view bytes, std::string_view request,
                                      std::uint64_t* number) noexcept {
  constexpr std::uint64_t kGoesOn = 0x8080808080808080U;
  std::uint64_t word = 0;
  const auto left = static_cast<std::size_t>(request.data() + request.size() - bytes.data());
  if (bytes.empty() || bytes.size() > sizeof word || left < sizeof word) return false;
  std::memcpy(&word, bytes.data(), sizeof word);
  const std::size_t unused_bits = 8 * (sizeof word - bytes.size());
  word = word << unused_bits >> unused_bits;
  // Every byte but the last says that another one follows.
  if ((word & kGoesOn) != (kGoesOn >> 8U >> unused_bits)) return false;
  // Groups of 7 bits become groups of 14, 28 and 56.
  word = (word & 0x007F007F007F007FU) | (word & 0x7F007F007F007F00U) >> 1U;
  word = (word & 0x00003FFF00003FFFU) | (word & 0x3FFF00003FFF0000U) >> 2U;
  *number = (word & 0x000000000FFFFFFFU) | (word & 0x0FFFFFFF00000000U) >> 4U;
  return true;
}

/// False if the message is not written in the usual way, or malformed. `request` is around it.
[[nodiscard, gnu::always_inline]] inline bool read_simple_attribute(
    std::string_view key_value, std::string_view request, SimpleAttribute* attribute) noexcept {
  const char* at = key_value.data();
  const std::size_t size = key_value.size();
  const auto byte = [at](std::size_t i) { return static_cast<unsigned char>(at[i]); };
  // Lengths of one byte each: keys and values are rarely longer.
  if (size < 6 || byte(0) != bytes_tag(1) || byte(1) > size - 6U) return false;
  attribute->key = std::string_view(at + 2, byte(1));
  attribute->text_bytes = 0;
  const std::size_t value = 2U + byte(1);  // where it begins, with its tag and its length
  const std::size_t value_size = size - value - 2;
  if (byte(value) != bytes_tag(2) || byte(value + 1) != value_size ||
      (byte(1) | value_size) > 0x7F) {
    return false;
  }
  const std::uint32_t member = byte(value + 2);
  const std::size_t rest = value + 3;
  if (member == bytes_tag(1)) {
    if (byte(rest) != value_size - 2) return false;
    attribute->value = model::ValueView::string({at + rest + 1, byte(rest)});
    attribute->text_bytes = byte(rest);
    return is_ascii(key_value, request);  // tags and lengths are ASCII, too
  }
  const std::string_view bytes(at + rest, size - rest);
  std::uint64_t number = 0;
  switch (member) {
    case varint_tag(2):
      if (!read_number(bytes, request, &number)) return false;
      attribute->value = model::ValueView::boolean(number != 0);
      break;
    case varint_tag(3):
      if (!read_number(bytes, request, &number)) return false;
      attribute->value = model::ValueView::integer(static_cast<std::int64_t>(number));
      break;
    case fixed64_tag(4):
      if (bytes.size() != sizeof number) return false;
      std::memcpy(&number, bytes.data(), sizeof number);
      attribute->value = model::ValueView::real(std::bit_cast<double>(number));
      break;
    default:
      return false;
  }
  return is_ascii(attribute->key, request);
}

}  // namespace betrace::otlp
