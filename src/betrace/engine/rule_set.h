// All active rules at one moment, checked and ready to judge traces.
//
// control/ builds the versions and publishes them (engine/active_rules.h); a trace keeps the
// RuleSet of the moment in which it opened. Knows nothing of storage or of rules that do not load.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/engine/message_template.h"
#include "betrace/model/rule.h"
#include "betrace/rules/checked_rule.h"

namespace betrace::engine {

/// One version of a rule. Immutable; shared by the rule sets in which it is valid, freed with the
/// last trace that it judges.
struct ActiveRule {
  model::Rule rule;
  rules::CheckedRule checked;
  MessageTemplate message;
};

using ActiveRulePtr = std::shared_ptr<const ActiveRule>;

/// Joins a rule with its checked text. Error InvalidArgument naming `message`: its template reads
/// an unknown field.
[[nodiscard]] Result<ActiveRulePtr> make_active_rule(model::Rule rule, rules::CheckedRule checked);

/// The enabled rules of one epoch, by rule id in byte order. Immutable.
class RuleSet {
 public:
  /// No rules, epoch 0.
  RuleSet() = default;

  /// Takes the enabled ones of `versions` (ids must differ: BETRACE_CHECK). Its epoch is one more
  /// than that of `previous`.
  RuleSet(std::vector<ActiveRulePtr> versions, const RuleSet& previous);

  [[nodiscard]] std::uint64_t epoch() const noexcept { return epoch_; }
  [[nodiscard]] std::span<const ActiveRulePtr> rules() const noexcept { return rules_; }
  [[nodiscard]] const ActiveRule& rule(std::uint32_t index) const noexcept {
    return *rules_[index];
  }

  /// Indexes of the rules of each class, ascending. A rule that requires complete traces is never
  /// early.
  [[nodiscard]] std::span<const std::uint32_t> span_rules() const noexcept { return span_; }
  [[nodiscard]] std::span<const std::uint32_t> early_rules() const noexcept { return early_; }
  /// Every rule of trace or mixed scope, early ones included: what a closing trace is judged by.
  [[nodiscard]] std::span<const std::uint32_t> trace_rules() const noexcept { return trace_; }

  /// Returns the version of `rule_id`, or null. Cost: log n.
  [[nodiscard]] const ActiveRule* find(std::string_view rule_id) const noexcept;

  /// True if `rule_id` has been active without a break since `epoch`. A trace that opened in
  /// `epoch` hears its version of the rule only then: disabling and deleting silence at once, and a
  /// rule that comes back applies to traces opened later.
  [[nodiscard]] bool is_heard(std::string_view rule_id, std::uint64_t epoch) const noexcept;

 private:
  [[nodiscard]] std::size_t position(std::string_view rule_id) const noexcept;

  std::uint64_t epoch_ = 0;
  std::vector<ActiveRulePtr> rules_;
  std::vector<std::uint64_t> since_;  // beside rules_: active without a break since this epoch
  std::vector<std::uint32_t> span_;
  std::vector<std::uint32_t> early_;
  std::vector<std::uint32_t> trace_;
};

}  // namespace betrace::engine
