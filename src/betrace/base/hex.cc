#include "betrace/base/hex.h"

#include <array>
#include <bit>
#include <cstring>

namespace betrace {
namespace {

constexpr char kDigits[] = "0123456789abcdef";

constexpr std::uint64_t kEachByte = 0x0101010101010101;

// Reads eight digits at once: digits are too random to branch on each. Sets the high bit of a byte
// of `mistakes` if one is none.
[[gnu::always_inline]] inline std::uint64_t four_bytes(const char* digits,
                                                       std::uint64_t* mistakes) noexcept {
  static_assert(std::endian::native == std::endian::little);
  std::uint64_t word = 0;
  std::memcpy(&word, digits, 8);
  // With seven bits each, a sum stays within its byte; its high bit is set from a bound on.
  const std::uint64_t exact = word & 0x7F * kEachByte;
  const std::uint64_t lower = exact | 0x20 * kEachByte;
  const auto is_from = [](std::uint64_t bytes, unsigned char bound) {
    return bytes + (0x80U - bound) * kEachByte;
  };
  const std::uint64_t is_digit = is_from(exact, '0') & ~is_from(exact, '9' + 1);
  const std::uint64_t is_letter = is_from(lower, 'a') & ~is_from(lower, 'f' + 1);
  *mistakes |= word | ~(is_digit | is_letter);
  const std::uint64_t values = (word & 0x0F * kEachByte) + (word >> 6U & kEachByte) * 9;
  // The first digit of a pair is the lower byte. Each pair becomes a byte, and the four move down.
  std::uint64_t bytes = (values << 4U | values >> 8U) & 0x00FF00FF00FF00FF;
  bytes = (bytes | bytes >> 8U) & 0x0000FFFF0000FFFF;
  return (bytes | bytes >> 16U) & 0xFFFFFFFF;
}

}  // namespace

std::string to_hex(std::span<const std::uint8_t> bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

bool from_hex(std::string_view text, std::span<std::uint8_t> out) noexcept {
  if (text.size() != out.size() * 2) return false;
  std::uint64_t mistakes = 0;
  const std::size_t in_words = out.size() / 8 * 8;
  for (std::size_t at = 0; at < in_words; at += 8) {
    const char* digits = text.data() + 2 * at;
    const std::uint64_t first = four_bytes(digits, &mistakes);
    const std::uint64_t bytes = first | four_bytes(digits + 8, &mistakes) << 32U;
    std::memcpy(out.data() + at, &bytes, 8);
  }
  for (std::size_t at = in_words; at < out.size(); ++at) {
    std::array<char, 8> pair = {'0', '0', '0', '0', '0', '0', '0', '0'};
    std::memcpy(pair.data(), text.data() + 2 * at, 2);
    out[at] = static_cast<std::uint8_t>(four_bytes(pair.data(), &mistakes));
  }
  return (mistakes & 0x80 * kEachByte) == 0;
}

}  // namespace betrace
