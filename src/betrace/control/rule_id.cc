#include "betrace/control/rule_id.h"

#include <algorithm>
#include <array>
#include <span>

#include "betrace/base/hex.h"
#include "betrace/base/sha256.h"

namespace betrace::control {
namespace {

constexpr std::size_t kIdBytesMax = 128;
constexpr std::array<std::string_view, 4> kReserved = {"validate", "test", "import", "export"};

bool is_letter_or_digit(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string slug_of(std::string_view name) {
  std::string slug;
  for (const char c : name) {
    if (is_letter_or_digit(c)) {
      slug.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    } else if (!slug.empty() && slug.back() != '-') {
      slug.push_back('-');
    }
  }
  slug.resize(std::min(slug.size(), kIdBytesMax));
  while (!slug.empty() && slug.back() == '-') slug.pop_back();
  return slug;
}

}  // namespace

bool is_rule_id(std::string_view text) noexcept {
  if (text.empty() || text.size() > kIdBytesMax) return false;
  if (!is_letter_or_digit(text[0]) && text[0] != '_') return false;
  const bool is_legal = std::all_of(text.begin(), text.end(), [](char c) {
    return is_letter_or_digit(c) || c == '_' || c == '.' || c == '-';
  });
  return is_legal && std::find(kReserved.begin(), kReserved.end(), text) == kReserved.end();
}

std::string rule_id_for_name(std::string_view name) {
  if (is_rule_id(name)) return std::string(name);
  std::string slug = slug_of(name);
  if (is_rule_id(slug)) return slug;
  const Sha256 digest = sha256(name);
  return "rule-" + to_hex(std::span(digest).first(4));
}

}  // namespace betrace::control
