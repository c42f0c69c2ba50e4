// The rules of this process: each as it is stored, and as it is in force.
//
// RuleControl builds a new list after every change; the API reads it without a lock. Knows nothing
// of how a rule changes.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/engine/rule_set.h"
#include "betrace/storage/rule_store.h"

namespace betrace::control {

/// What became of a stored rule. Quarantined is a state of the engine, not of the store.
enum class RuleState : std::uint8_t { Active, Disabled, Invalid, Quarantined };

/// `active` `disabled` `invalid` `quarantined`
[[nodiscard]] std::string_view name_of(RuleState state) noexcept;

/// Immutable.
struct LoadedRule {
  std::shared_ptr<const storage::StoredRule> stored;
  model::Rule rule;              ///< As shown: as stored, but disabled if it does not load.
  engine::ActiveRulePtr active;  ///< Null if it does not load.
  std::string problem;           ///< Why it does not load: `line 1, column 3: ...`; else empty.
  std::string etag;              ///< `"3-0123456789abcdef"` with its quotes.

  /// `is_quarantined` is what the engine says of the rule.
  [[nodiscard]] RuleState state(bool is_quarantined = false) const noexcept;
};

using LoadedRulePtr = std::shared_ptr<const LoadedRule>;

/// All rules at one moment, by id in byte order. Immutable.
struct LoadedRules {
  std::vector<LoadedRulePtr> rules;
  std::uint64_t store_revision = 0;  ///< Of the snapshot that it was made from.
  std::string version;               ///< 16 hex digits that differ when any definition differs.

  /// Returns the rule or null. Cost: log n.
  [[nodiscard]] LoadedRulePtr find(std::string_view id) const noexcept;
  /// Rules that do not load.
  [[nodiscard]] std::size_t invalid_count() const noexcept;
};

using LoadedRulesPtr = std::shared_ptr<const LoadedRules>;

/// Rules that were checked already, by id.
using CheckedRules = std::map<std::string, engine::ActiveRulePtr, std::less<>>;

/// Returns the rules of `snapshot`. What `previous` has of the same text is taken from there, what
/// `checked` has too; the rest is compiled.
[[nodiscard]] LoadedRulesPtr load_rules(const storage::RuleSnapshot& snapshot,
                                        const LoadedRules& previous, const CheckedRules& checked);

}  // namespace betrace::control
