// A bounds-checked cursor over one protobuf message. Nothing is copied, nothing is allocated.
//
// It knows the encoding, not the messages: trace_reader.cc does. Source: the protobuf encoding
// page; where that is silent, what libprotobuf 3.21 accepts (tested against it).
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace betrace::otlp {

/// The low three bits of a tag. 6 and 7 do not exist.
enum class WireType : std::uint8_t {
  Varint = 0,
  Fixed64 = 1,
  Bytes = 2,
  StartGroup = 3,
  EndGroup = 4,
  Fixed32 = 5,
};

/// Returns the tag of a field.
[[nodiscard]] constexpr std::uint32_t wire_tag(std::uint32_t number, WireType type) noexcept {
  return number << 3 | static_cast<std::uint32_t>(type);
}
[[nodiscard]] constexpr WireType wire_type_of(std::uint32_t tag) noexcept {
  return static_cast<WireType>(tag & 7);
}

/// Reads the elements of the encoding in order. Each `read_` returns false and stays where it is
/// when the bytes end too early or are not what they must be. Not thread-safe.
class WireCursor {
 public:
  explicit WireCursor(std::string_view bytes) noexcept
      : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  [[nodiscard]] bool at_end() const noexcept { return at_ == end_; }
  [[nodiscard]] const char* position() const noexcept { return at_; }

  /// A varint of at most ten bytes; bits beyond the 64th are dropped.
  [[nodiscard]] bool read_varint(std::uint64_t* value) noexcept {
    if (at_ != end_ && static_cast<unsigned char>(*at_) < 0x80) {
      *value = static_cast<unsigned char>(*at_++);
      return true;
    }
    return read_long_varint(10, value);
  }

  /// A varint of at most five bytes whose field number is not zero and whose wire type exists.
  [[nodiscard]] bool read_tag(std::uint32_t* tag) noexcept {
    std::uint64_t value = 0;
    const char* before = at_;
    const bool is_read = at_ != end_ && static_cast<unsigned char>(*at_) < 0x80
                             ? read_varint(&value)
                             : read_long_varint(5, &value);
    *tag = static_cast<std::uint32_t>(value);
    if (is_read && *tag >> 3 != 0 && (*tag & 7) <= 5) return true;
    at_ = before;
    return false;
  }

  /// A length and as many bytes.
  [[nodiscard]] bool read_bytes(std::string_view* bytes) noexcept {
    const char* before = at_;
    std::uint64_t size = 0;
    const bool is_read = at_ != end_ && static_cast<unsigned char>(*at_) < 0x80
                             ? read_varint(&size)
                             : read_long_varint(5, &size);
    if (!is_read || size > static_cast<std::uint64_t>(end_ - at_)) {
      at_ = before;
      return false;
    }
    *bytes = std::string_view(at_, static_cast<std::size_t>(size));
    at_ += size;
    return true;
  }

  [[nodiscard]] bool read_fixed64(std::uint64_t* value) noexcept { return read_fixed(value); }
  [[nodiscard]] bool read_fixed32(std::uint32_t* value) noexcept { return read_fixed(value); }

 private:
  // Little-endian, as all machines that this program is built for.
  template <typename T>
  bool read_fixed(T* value) noexcept {
    if (static_cast<std::size_t>(end_ - at_) < sizeof(T)) return false;
    std::memcpy(value, at_, sizeof(T));
    at_ += sizeof(T);
    return true;
  }

  bool read_long_varint(int bytes_max, std::uint64_t* value) noexcept;

  const char* at_;
  const char* end_;
};

/// Walks over the fields of a message whose structure was checked before (wire_check.h). Groups
/// are skipped. On bytes that were not checked it stops early, at worst; it never reads beyond.
class FieldCursor {
 public:
  explicit FieldCursor(std::string_view message) noexcept : cursor_(message) {}

  /// Moves to the next field; false at the end.
  [[nodiscard]] bool next() noexcept {
    for (;;) {
      if (cursor_.at_end() || !cursor_.read_tag(&tag_)) return false;
      switch (wire_type_of(tag_)) {
        case WireType::Varint:
          return cursor_.read_varint(&number_);
        case WireType::Fixed64:
          return cursor_.read_fixed64(&number_);
        case WireType::Bytes:
          return cursor_.read_bytes(&bytes_);
        case WireType::Fixed32:
          return read_fixed32();
        default:
          if (!skip_group()) return false;
      }
    }
  }

  /// Number and wire type of the field, as `wire_tag` makes them.
  [[nodiscard]] std::uint32_t tag() const noexcept { return tag_; }
  /// The value of a Varint, Fixed64 or Fixed32 field.
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  /// The value of a Bytes field.
  [[nodiscard]] std::string_view bytes() const noexcept { return bytes_; }

 private:
  bool read_fixed32() noexcept {
    std::uint32_t value = 0;
    const bool is_read = cursor_.read_fixed32(&value);
    number_ = value;
    return is_read;
  }
  bool skip_group() noexcept;

  WireCursor cursor_;
  std::uint32_t tag_ = 0;
  std::uint64_t number_ = 0;
  std::string_view bytes_;
};

}  // namespace betrace::otlp
