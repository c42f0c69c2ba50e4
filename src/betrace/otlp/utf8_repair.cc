#include "betrace/otlp/utf8_repair.h"

#include <algorithm>
#include <array>

#include "betrace/base/utf8.h"

namespace betrace::otlp {
namespace {

// U+FDD0..U+FDEF are "noncharacters", which no text should use; any of them can be the marker.
// In UTF-8 they are EF B7 90..AF, in JSON escapes FDD0..FDEF.
constexpr std::size_t kCandidateCount = 32;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Marks the candidates that `json` contains, as UTF-8 or where four hex digits spell them.
std::array<bool, kCandidateCount> used_candidates(std::string_view json) {
  std::array<bool, kCandidateCount> used{};
  for (std::size_t i = 0; i + 2 < json.size(); ++i) {
    const auto third = static_cast<unsigned char>(json[i + 2]);
    if (json[i] == '\xEF' && json[i + 1] == '\xB7' && third >= 0x90 && third <= 0xAF) {
      used[third - 0x90u] = true;
    }
    if ((json[i] == 'f' || json[i] == 'F') && i + 3 < json.size()) {
      const int low = hex_digit(json[i + 2]) - 0xD;
      if (hex_digit(json[i + 1]) == 0xD && (low == 0 || low == 1) && hex_digit(json[i + 3]) >= 0) {
        used[static_cast<std::size_t>(low * 16 + hex_digit(json[i + 3]))] = true;
      }
    }
  }
  return used;
}

// Returns the size of the well-formed character that `text` begins with, 0 if there is none.
std::size_t character_size(std::string_view text) {
  for (std::size_t size = 1; size <= 4 && size <= text.size(); ++size) {
    if (is_utf8(text.substr(0, size))) return size;
  }
  return 0;
}

}  // namespace

std::optional<RepairedText> repair_utf8(std::string_view json) {
  const auto used = used_candidates(json);
  const auto* free = std::find(used.begin(), used.end(), false);
  if (free == used.end()) return std::nullopt;
  RepairedText repaired;
  repaired.marker = {'\xEF', '\xB7', static_cast<char>(0x90 + (free - used.begin()))};
  bool in_invalid_row = false;
  while (!json.empty()) {
    const std::size_t size = character_size(json);
    if (size != 0) {
      repaired.text += json.substr(0, size);
    } else if (!in_invalid_row) {
      repaired.text += repaired.marker;
    }
    in_invalid_row = size == 0;
    json.remove_prefix(size == 0 ? 1 : size);
  }
  return repaired;
}

}  // namespace betrace::otlp
