#include "betrace/model/verdict.h"

#include <array>

namespace betrace::model {
namespace {

template <std::size_t N, typename Enum>
std::string_view pick(const std::array<std::string_view, N>& names, Enum value) {
  return names[static_cast<std::size_t>(value) - 1];
}

}  // namespace

std::string_view name_of(CloseReason reason) noexcept {
  constexpr std::array<std::string_view, 6> kNames = {"span_limit", "max_age", "complete",
                                                      "idle",       "memory",  "shutdown"};
  return pick(kNames, reason);
}

std::string_view name_of(Completeness grade) noexcept {
  constexpr std::array<std::string_view, 6> kNames = {"reopened", "shed",    "truncated",
                                                      "no_root",  "orphans", "complete"};
  return pick(kNames, grade);
}

std::string_view name_of(ViolationStatus status) noexcept {
  constexpr std::array<std::string_view, 2> kNames = {"confirmed", "withdrawn"};
  return pick(kNames, status);
}

}  // namespace betrace::model
