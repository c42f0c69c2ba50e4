// Which rules one of several processes judges, when rules outgrow a process.
//
// Each group receives every trace, so together the groups judge every rule on every trace. Which
// group a rule falls to follows from its id alone: no process asks another.
#pragma once

#include <cstdint>
#include <string_view>

#include "betrace/base/result.h"

namespace betrace::control {

inline constexpr std::uint32_t kRuleGroupsMax = 1'000;

/// Group `index` of `count`, 1 <= index <= count. The default holds every rule.
struct RuleGroup {
  std::uint32_t index = 1;
  std::uint32_t count = 1;

  /// True if the rule falls to this group. By rendezvous hashing: a rule that is added moves no
  /// other, and one more group takes over its share and moves nothing between the others. The hash
  /// is part of the contract between processes and never changes. Cost: `count` hashes.
  [[nodiscard]] bool holds(std::string_view rule_id) const;
};

/// Reads `i/n`. Error InvalidArgument: not of this form, or not 1 <= i <= n <= kRuleGroupsMax.
[[nodiscard]] Result<RuleGroup> parse_rule_group(std::string_view text);

}  // namespace betrace::control
