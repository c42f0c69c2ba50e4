#include "betrace/rules/nearest_word.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "betrace/base/ascii.h"

namespace betrace::rules {
namespace {

constexpr std::size_t kWordBytesMax = 64;

// Optimal string alignment distance, letters without regard to case.
std::size_t distance(std::string_view left, std::string_view right) {
  const std::size_t width = right.size() + 1;
  std::vector<std::size_t> cells((left.size() + 1) * width);
  const auto cell = [&cells, width](std::size_t i, std::size_t j) -> std::size_t& {
    return cells[i * width + j];
  };
  for (std::size_t i = 0; i <= left.size(); ++i) cell(i, 0) = i;
  for (std::size_t j = 0; j <= right.size(); ++j) cell(0, j) = j;
  for (std::size_t i = 1; i <= left.size(); ++i) {
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const bool same = lower_case(left[i - 1]) == lower_case(right[j - 1]);
      std::size_t best =
          std::min({cell(i - 1, j) + 1, cell(i, j - 1) + 1, cell(i - 1, j - 1) + (same ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && lower_case(left[i - 1]) == lower_case(right[j - 2]) &&
                           lower_case(left[i - 2]) == lower_case(right[j - 1]);
      if (swapped) best = std::min(best, cell(i - 2, j - 2) + 1);
      cell(i, j) = best;
    }
  }
  return cell(left.size(), right.size());
}

}  // namespace

std::string_view nearest_word(std::string_view word, std::span<const std::string_view> known) {
  if (word.size() > kWordBytesMax) return {};
  std::string_view nearest;
  std::size_t nearest_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string_view candidate : known) {
    if (candidate.size() > kWordBytesMax) continue;
    const std::size_t edits = distance(word, candidate);
    if (edits >= nearest_distance || edits >= candidate.size()) continue;
    nearest = candidate;
    nearest_distance = edits;
  }
  return nearest;
}

}  // namespace betrace::rules
