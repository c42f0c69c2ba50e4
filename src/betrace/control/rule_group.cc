#include "betrace/control/rule_group.h"

#include <fmt/format.h>

#include <charconv>

#include "betrace/base/sha256.h"
#include "betrace/base/utf8.h"

namespace betrace::control {
namespace {

// The first 8 bytes of SHA-256("<group>/<rule id>"), big-endian.
std::uint64_t weight_of(std::string_view rule_id, std::uint32_t group) {
  const Sha256 digest = sha256(fmt::format("{}/{}", group, rule_id));
  std::uint64_t weight = 0;
  for (std::size_t i = 0; i < 8; ++i) weight = weight << 8 | digest[i];
  return weight;
}

// Reads the digits of all of `text`; 0 if it is anything else or too large.
std::uint32_t read_number(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  return problem == std::errc() && end == text.data() + text.size() ? number : 0;
}

}  // namespace

bool RuleGroup::holds(std::string_view rule_id) const {
  const std::uint64_t own = weight_of(rule_id, index);
  for (std::uint32_t other = 1; other <= count; ++other) {
    if (other == index) continue;
    const std::uint64_t weight = weight_of(rule_id, other);
    if (weight > own || (weight == own && other < index)) return false;
  }
  return true;
}

Result<RuleGroup> parse_rule_group(std::string_view text) {
  const std::size_t slash = text.find('/');
  RuleGroup group{0, 0};
  if (slash != std::string_view::npos) {
    group.index = read_number(text.substr(0, slash));
    group.count = read_number(text.substr(slash + 1));
  }
  if (group.index == 0 || group.index > group.count || group.count > kRuleGroupsMax) {
    return fail(ErrorCode::InvalidArgument,
                fmt::format("'{}' is not i/n with 1 <= i <= n <= {} (example: 2/3)",
                            quote_excerpt(text), kRuleGroupsMax));
  }
  return group;
}

}  // namespace betrace::control
