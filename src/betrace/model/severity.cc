#include "betrace/model/severity.h"

#include <strings.h>

#include <array>

namespace betrace::model {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"LOW", "MEDIUM", "HIGH", "CRITICAL"};

}  // namespace

std::string_view name_of(Severity severity) noexcept {
  return kNames[static_cast<std::size_t>(severity) - 1];
}

std::optional<Severity> parse_severity(std::string_view text) noexcept {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (text.size() == kNames[i].size() &&
        strncasecmp(text.data(), kNames[i].data(), text.size()) == 0) {
      return static_cast<Severity>(i + 1);
    }
  }
  return std::nullopt;
}

}  // namespace betrace::model
