// Numbers for texts: each distinct text gets the next one, and is found again in a few nanoseconds.
//
// For attribute keys and values that rules name, which are looked up for every span. Most lookups
// find nothing and touch one slot only.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/base/optional_index.h"

namespace betrace {

/// A value type; it owns its texts. Reading is thread-safe.
class TextIndex {
 public:
  /// The number of `text`, which is new if it was not there: 0, 1, 2 ... Cost: O(1) amortized.
  std::uint32_t add(std::string_view text);

  /// The number of `text`, or nothing. Cost: O(1) expected; of texts that somebody chooses to
  /// collide O(n), so what strangers name must not be added without bound.
  [[nodiscard, gnu::always_inline]] OptionalIndex find(std::string_view text) const noexcept {
    if (!classes_[class_of(text)]) return std::nullopt;
    return look_up(text);
  }

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

  /// Forgets all and keeps the memory.
  void clear();

 private:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  static constexpr std::size_t kClasses = 1'024;

  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t number = kNone;
  };
  struct Entry {
    std::size_t offset = 0;  // in texts_
    std::size_t size = 0;
  };

  [[nodiscard]] OptionalIndex look_up(std::string_view text) const noexcept {
    const std::uint64_t hash = hash_of(text);
    const Slot* slots = slots_.data();
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = first_slot(hash);; at = (at + 1) & mask) {
      const Slot slot = slots[at];
      if (slot.number == kNone) return std::nullopt;
      if (slot.tag == tag_of(hash) && is_text(slot.number, text)) return slot.number;
    }
  }

  static std::uint64_t word(const char* at) noexcept {
    std::uint64_t value = 0;
    std::memcpy(&value, at, sizeof value);
    return value;
  }

  // Most texts that are not here are told apart by their length and last byte.
  static std::size_t class_of(std::string_view text) noexcept {
    const auto last = text.empty() ? 0U : static_cast<unsigned char>(text.back());
    return (text.size() * 37U + last) % kClasses;
  }

  // Reads both ends and the middle: enough to tell keys apart, whatever their length.
  static std::uint64_t hash_of(std::string_view text) noexcept {
    const char* at = text.data();
    const std::size_t size = text.size();
    std::uint64_t head = 0;
    std::uint64_t tail = 0;
    if (size >= 8) {
      head = word(at);
      tail = word(at + size - 8);
      if (size > 16) head ^= word(at + size / 2 - 4) << 1U;
    } else if (size >= 4) {
      std::uint32_t first = 0;
      std::uint32_t last = 0;
      std::memcpy(&first, at, 4);
      std::memcpy(&last, at + size - 4, 4);
      head = first;
      tail = last;
    } else {
      for (std::size_t i = 0; i < size; ++i) {
        head = head << 8U | static_cast<unsigned char>(at[i]);
      }
    }
    const std::uint64_t mixed =
        (head ^ size) * 0x9E3779B97F4A7C15ULL ^ (tail + size) * 0xC2B2AE3D27D4EB4FULL;
    return (mixed ^ mixed >> 29U) * 0xBF58476D1CE4E5B9ULL;
  }
  static std::uint32_t tag_of(std::uint64_t hash) noexcept {
    return static_cast<std::uint32_t>(hash);
  }
  [[nodiscard]] std::size_t first_slot(std::uint64_t hash) const noexcept {
    return static_cast<std::size_t>(hash >> 32U) & (slots_.size() - 1);
  }
  [[nodiscard]] bool is_text(std::uint32_t number, std::string_view text) const noexcept {
    const Entry& entry = entries_.data()[number];
    return entry.size == text.size() &&
           is_same(texts_.data() + entry.offset, text.data(), text.size());
  }
  // Words that may overlap: for short texts this beats a call.
  static bool is_same(const char* left, const char* right, std::size_t size) noexcept {
    if (size < 8) {
      for (std::size_t i = 0; i < size; ++i) {
        if (left[i] != right[i]) return false;
      }
      return true;
    }
    std::uint64_t difference = word(left + size - 8) ^ word(right + size - 8);
    for (std::size_t at = 0; at + 8 < size; at += 8)
      difference |= word(left + at) ^ word(right + at);
    return difference == 0;
  }
  void put(std::uint32_t number, std::uint64_t hash) noexcept;
  void grow();

  std::array<bool, kClasses> classes_{};  // that some text is of
  std::vector<Slot> slots_;               // a power of two, at most a quarter of them used
  std::vector<Entry> entries_;
  std::string texts_;
};

}  // namespace betrace
