// UTF-8: is it valid, how many characters, where may a text be cut.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace betrace {

/// True if all bytes of `text` are ASCII. Cost: a few words.
[[nodiscard]] inline bool is_ascii(std::string_view text) noexcept {
  constexpr std::uint64_t kHighBits = 0x8080808080808080U;
  const char* at = text.data();
  const std::size_t size = text.size();
  std::uint64_t bits = 0;
  if (size >= 8) {
    std::uint64_t word = 0;
    for (const char* last = at + size - 8; at < last; at += 8) {
      std::memcpy(&word, at, 8);
      bits |= word;
    }
    // The last word may overlap the one before.
    std::memcpy(&word, text.data() + size - 8, 8);
    return ((bits | word) & kHighBits) == 0;
  }
  if (size >= 4) {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    std::memcpy(&first, at, 4);
    std::memcpy(&last, at + size - 4, 4);
    return ((first | last) & static_cast<std::uint32_t>(kHighBits)) == 0;
  }
  for (std::size_t i = 0; i < size; ++i) bits |= static_cast<unsigned char>(at[i]);
  return (bits & 0x80U) == 0;
}

/// High bits of the bytes of a text, then none: from the right place on, a mask for any size.
struct AsciiMask {
  static constexpr std::size_t kBytes = 64;
  constexpr AsciiMask() {
    for (std::size_t i = 0; i < kBytes; ++i) bytes[i] = '\x80';
  }
  std::array<char, 2 * kBytes> bytes{};
};
inline constexpr AsciiMask kAsciiMask;

/// The same for a text within `around` (an empty one may lie anywhere), whose other bytes may be
/// read too: one branch depends on the size of a text of up to 128 bytes, at 64.
[[nodiscard, gnu::always_inline]] inline bool is_ascii(std::string_view text,
                                                       std::string_view around) noexcept {
#if defined(__SSE2__)
  constexpr std::size_t kBytes = AsciiMask::kBytes;
  const auto bytes = [](const char* at) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  };
  const auto left = static_cast<std::size_t>(around.data() + around.size() - text.data());
  if (!text.empty() && text.size() <= kBytes && left >= kBytes) {
    const char* const mask = kAsciiMask.bytes.data() + kBytes - text.size();
    const auto high_bits = [&](std::size_t at) {
      return _mm_and_si128(bytes(text.data() + at), bytes(mask + at));
    };
    const __m128i first = _mm_or_si128(high_bits(0), high_bits(16));
    const __m128i second = _mm_or_si128(high_bits(32), high_bits(48));
    return _mm_movemask_epi8(_mm_or_si128(first, second)) == 0;
  }
  if (text.size() > kBytes && text.size() <= 2 * kBytes) {
    // Its first and its last 64 bytes may overlap.
    const char* const last = text.data() + text.size() - kBytes;
    __m128i all = _mm_setzero_si128();
    for (std::size_t at = 0; at < kBytes; at += 16) {
      all = _mm_or_si128(all, _mm_or_si128(bytes(text.data() + at), bytes(last + at)));
    }
    return _mm_movemask_epi8(all) == 0;
  }
#endif
  return is_ascii(text);
}

/// True if `text` is well-formed UTF-8 (no overlong form, no surrogate, at most U+10FFFF).
/// Cost: one pass over words while all bytes are ASCII. Source: RFC 3629.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// Returns the number of characters (code points). Requires: `is_utf8(text)`.
[[nodiscard]] std::size_t utf8_length(std::string_view text) noexcept;

/// Returns the longest prefix of at most `bytes_max` bytes that ends between two characters.
/// Requires: `is_utf8(text)`.
[[nodiscard]] std::string_view utf8_prefix(std::string_view text, std::size_t bytes_max) noexcept;

/// Returns the first `characters_max` characters of any bytes, fit for a log line or an error body:
/// control characters and invalid bytes as `\xNN`, quotes and backslashes escaped, `...` if cut.
[[nodiscard]] std::string quote_excerpt(std::string_view text, std::size_t characters_max = 40);

}  // namespace betrace
