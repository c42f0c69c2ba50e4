#include "betrace/base/hex.h"

#include <array>

namespace betrace {
namespace {

constexpr char kDigits[] = "0123456789abcdef";

// The value of each character as a digit; negative if it is none.
constexpr std::array<std::int8_t, 256> kDigitValues = [] {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (unsigned char i = 0; i < 16; ++i) {
    const auto lower = static_cast<unsigned char>(kDigits[i]);
    values[lower] = static_cast<std::int8_t>(i);
    if (i >= 10) values[lower - 'a' + 'A'] = static_cast<std::int8_t>(i);
  }
  return values;
}();

int digit_value(char c) noexcept { return kDigitValues[static_cast<unsigned char>(c)]; }

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
  int all = 0;  // negative once a digit is; digits are too random to branch on each
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = digit_value(text[2 * i]);
    const int low = digit_value(text[2 * i + 1]);
    all |= high | low;
    out[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return all >= 0;
}

}  // namespace betrace
