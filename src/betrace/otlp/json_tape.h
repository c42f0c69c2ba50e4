// The values of a JSON text, read from the tape that simdjson's DOM parser leaves.
//
// A tape is the text as words of 64 bits in order: the first byte says of which type a value is,
// the rest where its text or its end is. The OTLP/JSON reader walks the words itself, since
// simdjson's own element, object and array look at the type anew in each step. The one header with
// simdjson in it. Source: simdjson doc/tape.md.
#pragma once

#include <simdjson.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace betrace::otlp {

/// True if both are the same text. Cost: a few instructions, as the size is known.
template <std::size_t kSize>
[[nodiscard]] bool is_same(std::string_view text, const char (&literal)[kSize]) noexcept {
  return text.size() == kSize - 1 && std::memcmp(text.data(), literal, kSize - 1) == 0;
}

/// The first byte of a word. End is that of an object.
enum class JsonType : std::uint8_t {
  Object = '{',
  End = '}',
  Array = '[',
  String = '"',
  Int = 'l',
  Uint = 'u',  ///< An integer that needs the 64th bit.
  Double = 'd',
  True = 't',
  False = 'f',
  Null = 'n',
};

/// A value of a JSON text, or the name of a member. A null stands for an absent member everywhere,
/// so what is not there is a null. Valid until the parser reads the next text.
class JsonElement {
 public:
  JsonElement() = default;
  /// The whole of what `document` holds.
  explicit JsonElement(const simdjson::dom::document& document) noexcept
      : document_(&document), word_(document.tape.get() + 1) {}

  [[nodiscard]] JsonType type() const noexcept { return static_cast<JsonType>(*word_ >> 56U); }
  [[nodiscard]] bool is_there() const noexcept { return type() != JsonType::Null; }

  /// Requires of each: the type of its name.
  [[nodiscard]] std::string_view as_text() const noexcept {
    const std::uint8_t* at = document_->string_buf.get() + (*word_ & kPlaceMask);
    std::uint32_t size = 0;
    std::memcpy(&size, at, sizeof size);
    return {reinterpret_cast<const char*>(at) + sizeof size, size};
  }
  [[nodiscard]] std::int64_t as_int() const noexcept { return static_cast<std::int64_t>(word_[1]); }
  [[nodiscard]] std::uint64_t as_uint() const noexcept { return word_[1]; }
  [[nodiscard]] double as_double() const noexcept { return std::bit_cast<double>(word_[1]); }

  /// What follows in the text: of an object or array its first name, item or end, of a name its
  /// value.
  [[nodiscard]] JsonElement inner() const noexcept { return {document_, word_ + 1}; }
  /// What follows in the text behind all of this.
  [[nodiscard, gnu::always_inline]] JsonElement next() const noexcept {
    switch (type()) {
      case JsonType::Object:
      case JsonType::Array:
        return {document_, behind()};
      case JsonType::Int:
      case JsonType::Uint:
      case JsonType::Double:
        return {document_, word_ + 2};
      default:
        return inner();
    }
  }
  /// The end of an object or array.
  [[nodiscard]] JsonElement end() const noexcept { return {document_, behind() - 1}; }
  [[nodiscard]] bool is_before(JsonElement other) const noexcept { return word_ < other.word_; }

 private:
  static constexpr std::uint64_t kNull = std::uint64_t{'n'} << 56U;
  static constexpr std::uint64_t kPlaceMask = (std::uint64_t{1} << 56U) - 1;

  JsonElement(const simdjson::dom::document* document, const std::uint64_t* word) noexcept
      : document_(document), word_(word) {}

  [[nodiscard]] const std::uint64_t* behind() const noexcept {
    return document_->tape.get() + static_cast<std::uint32_t>(*word_);
  }

  const simdjson::dom::document* document_ = nullptr;
  const std::uint64_t* word_ = &kNull;
};

/// Calls `on_member` with name and value of each member. Requires: an object.
template <typename OnMember>
void for_each_member(JsonElement object, OnMember on_member) {
  const JsonElement end = object.end();
  for (JsonElement name = object.inner(); name.is_before(end);) {
    const JsonElement value = name.inner();
    on_member(name.as_text(), value);
    name = value.next();
  }
}

}  // namespace betrace::otlp
