#include "betrace/otlp/wire_writer.h"

#include <array>
#include <bit>

namespace betrace::otlp {
namespace {

// Returns the number of bytes put to the front of `out`.
std::size_t encode_varint(std::uint64_t value, std::array<char, 10>& out) {
  std::size_t size = 0;
  for (; value >= 0x80; value >>= 7) out[size++] = static_cast<char>(value | 0x80);
  out[size++] = static_cast<char>(value);
  return size;
}

template <typename T>
void append_little_endian(std::string& bytes, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) bytes.push_back(static_cast<char>(value >> (8 * i)));
}

}  // namespace

void WireWriter::varint_field(std::uint32_t number, std::uint64_t value) {
  tag(number, WireType::Varint);
  varint(value);
}

void WireWriter::fixed64_field(std::uint32_t number, std::uint64_t value) {
  tag(number, WireType::Fixed64);
  append_little_endian(bytes_, value);
}

void WireWriter::fixed32_field(std::uint32_t number, std::uint32_t value) {
  tag(number, WireType::Fixed32);
  append_little_endian(bytes_, value);
}

void WireWriter::double_field(std::uint32_t number, double value) {
  fixed64_field(number, std::bit_cast<std::uint64_t>(value));
}

void WireWriter::bytes_field(std::uint32_t number, std::string_view bytes) {
  tag(number, WireType::Bytes);
  varint(bytes.size());
  bytes_ += bytes;
}

void WireWriter::group_tag(std::uint32_t number, bool is_begin) {
  tag(number, is_begin ? WireType::StartGroup : WireType::EndGroup);
}

void WireWriter::tag(std::uint32_t number, WireType type) { varint(wire_tag(number, type)); }

void WireWriter::varint(std::uint64_t value) {
  std::array<char, 10> encoded;
  bytes_.append(encoded.data(), encode_varint(value, encoded));
}

// The length stands before the message but is known after it: one byte is left for it, and a
// message of 128 bytes or more is moved on.
std::size_t WireWriter::begin_message(std::uint32_t number) {
  tag(number, WireType::Bytes);
  bytes_.push_back('\0');
  return bytes_.size();
}

void WireWriter::end_message(std::size_t begin) {
  std::array<char, 10> encoded;
  const std::size_t size = encode_varint(bytes_.size() - begin, encoded);
  bytes_[begin - 1] = encoded[0];
  bytes_.insert(begin, encoded.data() + 1, size - 1);
}

}  // namespace betrace::otlp
