// Protobuf messages as they are read: tags by name, and messages that came in several pieces.
//
// Used by the protobuf decoders only.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "betrace/otlp/wire.h"

namespace betrace::otlp {

/// Tags by wire type. Source of the numbers: opentelemetry/proto/{collector/trace,trace,common,
/// resource}/v1/*.proto; they never change.
[[nodiscard]] constexpr std::uint32_t bytes_tag(std::uint32_t number) noexcept {
  return wire_tag(number, WireType::Bytes);
}
[[nodiscard]] constexpr std::uint32_t varint_tag(std::uint32_t number) noexcept {
  return wire_tag(number, WireType::Varint);
}
[[nodiscard]] constexpr std::uint32_t fixed64_tag(std::uint32_t number) noexcept {
  return wire_tag(number, WireType::Fixed64);
}

/// A message that may be split over repeats of its field: the pieces together are the message.
/// Almost always there is one. Memory: 16 bytes for each further piece.
class MessagePieces {
 public:
  MessagePieces() = default;
  explicit MessagePieces(std::string_view only) : first_(only) {}

  void append(std::string_view piece) {
    if (is_absent()) {
      first_ = piece;
    } else {
      more_.push_back(piece);
    }
  }
  void clear() {
    first_ = {};
    more_.clear();
  }

  /// Calls `on_field` with a cursor at each field of the message.
  template <typename OnField>
  void for_each_field(WireWalk& walk, OnField on_field) const {
    for_each_piece([&](std::string_view piece) {
      FieldCursor field(piece, walk);
      while (field.next()) on_field(field);
    });
  }

  template <typename OnPiece>
  void for_each_piece(OnPiece on_piece) const {
    if (is_absent()) return;
    on_piece(first_);
    for (const std::string_view piece : more_) on_piece(piece);
  }

  /// True if there is no piece. One that is there lies somewhere, even if it is empty.
  [[nodiscard]] bool is_absent() const noexcept { return first_.data() == nullptr; }

 private:
  std::string_view first_;
  std::vector<std::string_view> more_;
};

}  // namespace betrace::otlp
