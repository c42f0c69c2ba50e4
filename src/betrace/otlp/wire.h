// A bounds-checked walk over protobuf messages. Nothing is copied, nothing is allocated.
//
// It knows the encoding, not the messages: trace_reader.cc does. Source: the protobuf encoding
// page; where that is silent, what libprotobuf 3.21 accepts (tested against it).
#pragma once

#include <cstddef>
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

/// What all cursors over one message and the messages in it have in common: how deep they are, and
/// the first thing that was wrong. Not thread-safe.
class WireWalk {
 public:
  static constexpr std::uint32_t kDepthMax = 256;

  /// `depth_max`: messages and groups within each other, at most kDepthMax.
  explicit WireWalk(std::string_view message, std::uint32_t depth_max = kDepthMax) noexcept
      : message_(message), depth_max_(depth_max < kDepthMax ? depth_max : kDepthMax) {}

  /// The outermost message.
  [[nodiscard]] std::string_view message() const noexcept { return message_; }

  [[nodiscard]] bool is_ok() const noexcept { return problem_ == nullptr; }
  /// What is wrong, one clause in static storage, and where. Requires: !is_ok().
  [[nodiscard]] const char* problem() const noexcept { return problem_; }
  [[nodiscard]] const char* problem_at() const noexcept { return problem_at_; }

  /// Stands for a message whose cursor is gone, while messages that lie in it are read.
  class Level {
   public:
    explicit Level(WireWalk& walk) noexcept : walk_(walk) { ++walk_.depth_; }
    ~Level() { --walk_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    WireWalk& walk_;
  };

  /// True if `levels` more messages may lie within the one at hand.
  [[nodiscard]] bool has_room(std::uint32_t levels) const noexcept {
    return depth_ + levels <= depth_max_ + 1;
  }

 private:
  friend class FieldCursor;

  // Of several problems the first counts.
  void fail(const char* at, const char* problem) noexcept {
    if (problem_ != nullptr) return;
    problem_ = problem;
    problem_at_ = at;
  }

  std::string_view message_;
  std::uint32_t depth_max_;
  std::uint32_t depth_ = 0;  // cursors that are alive; that of the outermost message is the first
  const char* problem_ = nullptr;
  const char* problem_at_ = nullptr;
};

/// Walks over the fields of a message; groups are checked and skipped. A cursor over a message
/// within lives shorter than the one over the message around it.
class FieldCursor {
 public:
  [[gnu::always_inline]] FieldCursor(std::string_view message, WireWalk& walk) noexcept
      : at_(message.data()), end_(message.data() + message.size()), walk_(walk) {
    if (++walk_.depth_ > walk_.depth_max_ + 1) stop(at_, "nested too deep");
  }
  ~FieldCursor() { --walk_.depth_; }
  FieldCursor(const FieldCursor&) = delete;
  FieldCursor& operator=(const FieldCursor&) = delete;

  /// Moves to the next field; false at the end, or where something is wrong, as the walk knows.
  [[nodiscard, gnu::always_inline]] bool next() noexcept {
    // Nearly every field has a tag of one byte, and a length of one or two bytes or a number of one
    // or eight.
    const std::ptrdiff_t left = end_ - at_;
    if (left < 3) return left != 0 && read_next();
    const auto tag = static_cast<unsigned char>(at_[0]);
    const std::ptrdiff_t second = static_cast<unsigned char>(at_[1]);
    if (tag > 7 && tag < 0x80) {
      tag_ = tag;
      if ((tag & 7U) == 2) {
        if (second < 0x80 && second <= left - 2) {
          bytes_ = std::string_view(at_ + 2, static_cast<std::size_t>(second));
          at_ += 2 + second;
          return true;
        }
        const std::ptrdiff_t third = static_cast<unsigned char>(at_[2]);
        const std::ptrdiff_t size = (second & 0x7F) | third << 7;
        if (second >= 0x80 && third < 0x80 && size <= left - 3) {
          bytes_ = std::string_view(at_ + 3, static_cast<std::size_t>(size));
          at_ += 3 + size;
          return true;
        }
      }
      if ((tag & 7U) == 1 && left >= 9) {
        std::memcpy(&number_, at_ + 1, 8);
        at_ += 9;
        return true;
      }
      if ((tag & 7U) == 0 && second < 0x80) {
        number_ = static_cast<std::uint64_t>(second);
        at_ += 2;
        return true;
      }
    }
    return read_next();
  }

  /// Number and wire type of the field, as `wire_tag` makes them.
  [[nodiscard]] std::uint32_t tag() const noexcept { return tag_; }
  /// The value of a Varint, Fixed64 or Fixed32 field.
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  /// The value of a Bytes field.
  [[nodiscard]] std::string_view bytes() const noexcept { return bytes_; }
  /// What follows the field; all of the message before the first one.
  [[nodiscard]] std::string_view rest() const noexcept {
    return {at_, static_cast<std::size_t>(end_ - at_)};
  }
  /// The next field begins where `rest` does, which is an end of rest().
  void skip_to(std::string_view rest) noexcept { at_ = rest.data(); }

 private:
  bool read_next() noexcept;
  bool read_value() noexcept;
  bool skip_group() noexcept;
  bool read_tag() noexcept;
  bool read_varint(int bytes_max, std::uint64_t* value) noexcept;
  bool read_bytes() noexcept;
  template <typename T>
  bool read_fixed() noexcept;
  bool stop(const char* at, const char* problem) noexcept;

  const char* at_;
  const char* end_;
  WireWalk& walk_;
  std::uint32_t tag_ = 0;
  std::uint64_t number_ = 0;
  std::string_view bytes_;
};

}  // namespace betrace::otlp
