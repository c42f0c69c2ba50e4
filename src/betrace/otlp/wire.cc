#include "betrace/otlp/wire.h"

namespace betrace::otlp {

// Moves to the next field in any form that a field may have.
bool FieldCursor::read_next() noexcept {
  while (at_ != end_) {
    if (!read_tag()) return false;
    switch (wire_type_of(tag_)) {
      case WireType::StartGroup:
        if (!skip_group()) return false;
        break;
      case WireType::EndGroup:
        return stop(at_, "end of a group that is not open");
      default:
        return read_value();
    }
  }
  return false;
}

bool FieldCursor::read_value() noexcept {
  switch (wire_type_of(tag_)) {
    case WireType::Varint:
      return read_varint(10, &number_) || stop(at_, "varint is invalid");
    case WireType::Fixed64:
      return read_fixed<std::uint64_t>();
    case WireType::Fixed32:
      return read_fixed<std::uint32_t>();
    default:
      return read_bytes();
  }
}

// Skips what follows the tag of a group up to its end. As deep as the walk allows.
bool FieldCursor::skip_group() noexcept {
  const std::uint32_t number = tag_ >> 3;
  if (!walk_.has_room(1)) return stop(at_, "nested too deep");
  ++walk_.depth_;
  bool is_fine = true;
  while (is_fine && at_ != end_ && read_tag()) {
    const WireType type = wire_type_of(tag_);
    if (type == WireType::EndGroup) {
      --walk_.depth_;
      return tag_ >> 3 == number || stop(at_, "end of a group that is not open");
    }
    is_fine = type == WireType::StartGroup ? skip_group() : read_value();
  }
  --walk_.depth_;
  return stop(at_, "group is not closed");
}

// A varint of at most five bytes whose field number is not zero and whose wire type exists.
bool FieldCursor::read_tag() noexcept {
  const char* before = at_;
  std::uint64_t value = 0;
  const bool is_read = read_varint(5, &value);
  tag_ = static_cast<std::uint32_t>(value);
  return (is_read && tag_ >> 3 != 0 && (tag_ & 7) <= 5) || stop(before, "tag is invalid");
}

// Bits beyond the 64th are dropped. Where it fails it stays.
bool FieldCursor::read_varint(int bytes_max, std::uint64_t* value) noexcept {
  if (at_ != end_ && static_cast<unsigned char>(*at_) < 0x80) {
    *value = static_cast<unsigned char>(*at_++);
    return true;
  }
  std::uint64_t result = 0;
  const char* at = at_;
  for (int i = 0; i < bytes_max && at != end_; ++i) {
    const auto byte = static_cast<unsigned char>(*at++);
    result |= static_cast<std::uint64_t>(byte & 0x7F) << (7 * i);
    if (byte < 0x80) {
      at_ = at;
      *value = result;
      return true;
    }
  }
  return false;
}

bool FieldCursor::read_bytes() noexcept {
  const char* before = at_;
  std::uint64_t size = 0;
  if (!read_varint(5, &size) || size > static_cast<std::uint64_t>(end_ - at_)) {
    return stop(before, "length is invalid");
  }
  bytes_ = std::string_view(at_, static_cast<std::size_t>(size));
  at_ += size;
  return true;
}

// Little-endian, as all machines that this program is built for.
template <typename T>
bool FieldCursor::read_fixed() noexcept {
  if (static_cast<std::size_t>(end_ - at_) < sizeof(T)) return stop(at_, "number is cut off");
  T value = 0;
  std::memcpy(&value, at_, sizeof value);
  number_ = value;
  at_ += sizeof value;
  return true;
}

bool FieldCursor::stop(const char* at, const char* problem) noexcept {
  walk_.fail(at, problem);
  at_ = end_;
  return false;
}

}  // namespace betrace::otlp
