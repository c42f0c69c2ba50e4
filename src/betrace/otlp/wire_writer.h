// Writes protobuf messages: fields in the order of the calls, nothing left out.
//
// Used by trace_writer, export_response and tests. Which fields a message has, and that a default
// value is not written, is the business of the caller.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "betrace/otlp/wire.h"

namespace betrace::otlp {

/// One message that grows. Movable, not thread-safe. Source: the protobuf encoding page.
class WireWriter {
 public:
  void varint_field(std::uint32_t number, std::uint64_t value);
  void fixed64_field(std::uint32_t number, std::uint64_t value);
  void fixed32_field(std::uint32_t number, std::uint32_t value);
  void double_field(std::uint32_t number, double value);
  void bytes_field(std::uint32_t number, std::string_view bytes);

  /// Begins or ends a group; nobody sends them, readers must skip them.
  void group_tag(std::uint32_t number, bool is_begin);

  /// Writes a message field whose fields `write_fields()` writes to this writer.
  template <typename WriteFields>
  void message_field(std::uint32_t number, WriteFields write_fields) {
    const std::size_t begin = begin_message(number);
    write_fields();
    end_message(begin);
  }

  [[nodiscard]] const std::string& bytes() const noexcept { return bytes_; }
  /// Returns the message and starts the next one.
  [[nodiscard]] std::string take() { return std::exchange(bytes_, {}); }

 private:
  void tag(std::uint32_t number, WireType type);
  void varint(std::uint64_t value);
  std::size_t begin_message(std::uint32_t number);
  void end_message(std::size_t begin);

  std::string bytes_;
};

}  // namespace betrace::otlp
