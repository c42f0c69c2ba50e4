#include "betrace/evidence/verification.h"

#include <array>
#include <string_view>

namespace betrace::evidence {

std::string_view name_of(Verdict verdict) noexcept {
  constexpr std::array<std::string_view, 6> kNames = {"valid",   "untrusted",  "incomplete",
                                                      "invalid", "unreadable", "newer"};
  return kNames[static_cast<std::size_t>(verdict)];
}

std::string_view name_of(ChainBeginning beginning) noexcept {
  constexpr std::array<std::string_view, 3> kNames = {"first record", "retention", "cut"};
  return kNames[static_cast<std::size_t>(beginning)];
}

int exit_code_of(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::Valid:
      return 0;
    case Verdict::Untrusted:
    case Verdict::Incomplete:
    case Verdict::Invalid:
      return 1;
    case Verdict::Unreadable:
      return 2;
    case Verdict::Newer:
      return 78;
  }
  return 1;
}

}  // namespace betrace::evidence
