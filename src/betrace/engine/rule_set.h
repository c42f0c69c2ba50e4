// All active rules at one moment, checked and ready to judge traces.
//
// control/ builds the versions and publishes them (engine/active_rules.h); a trace keeps the
// RuleSet of the moment in which it opened. Knows nothing of storage or of rules that do not load.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/engine/message_template.h"
#include "betrace/engine/redaction.h"
#include "betrace/model/rule.h"
#include "betrace/model/span_interest.h"
#include "betrace/rules/checked_rule.h"
#include "betrace/rules/predicate_network.h"
#include "betrace/traces/met_counts.h"

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

/// When rules of trace or mixed scope are decided on a trace.
enum class Moment : std::uint8_t {
  Open,    ///< Early ones only.
  Closed,  ///< All of them.
};

/// The enabled rules of one epoch, by rule id in byte order. Immutable.
class RuleSet {
 public:
  using RuleIndexes = std::span<const std::uint32_t>;

  /// No rules, epoch 0.
  RuleSet();

  /// Takes the enabled ones of `versions` (ids must differ: BETRACE_CHECK). Its epoch is one more
  /// than that of `previous`. `older`: earlier sets by which open traces are still judged; its
  /// network knows their predicates too. Null `redaction`: that of `previous`.
  RuleSet(std::vector<ActiveRulePtr> versions, const RuleSet& previous,
          std::span<const std::shared_ptr<const RuleSet>> older = {},
          RedactionPtr redaction = nullptr);

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

  /// All rules as one network; spans are looked at with it.
  [[nodiscard]] const std::shared_ptr<const rules::PredicateNetwork>& network() const noexcept {
    return network_;
  }
  /// What all rules that the network knows read of spans, and redaction allows.
  [[nodiscard]] const model::SpanInterest& interest() const noexcept { return interest_; }
  /// What violations show from now on, whatever rules judge the trace. Never null.
  [[nodiscard]] const RedactionPtr& redaction() const noexcept { return redaction_; }
  /// What a rule asks of a trace. Owned by the network.
  [[nodiscard]] const rules::RuleProgram& program(std::uint32_t index) const noexcept {
    return *programs_[index];
  }

  /// The rules of span scope that a span violates that meets `predicate`.
  [[nodiscard]] RuleIndexes violated_by(rules::PredicateId predicate) const noexcept;

  /// Appends the predicates that no rule asks for but rules of span scope that are all among
  /// `silent`, rule ids, ascending: a span that meets no other one need not be kept. Cost: by
  /// silent rules.
  void add_spared(std::span<const std::string> silent,
                  std::vector<rules::PredicateId>* spared) const;

  /// Appends the rules decided at `moment` that a trace may violate whose spans met `met`,
  /// ascending, each once. Every such rule that is left out is not violated.
  void add_possible(const traces::MetCounts& met, Moment moment,
                    std::vector<std::uint32_t>* possible) const;

  /// Returns the version of `rule_id`, or null. Cost: log n.
  [[nodiscard]] const ActiveRule* find(std::string_view rule_id) const noexcept;

  /// True if `rule_id` has been active without a break since `epoch`. A trace that opened in
  /// `epoch` hears its version of the rule only then: disabling and deleting silence at once, and a
  /// rule that comes back applies to traces opened later.
  [[nodiscard]] bool is_heard(std::string_view rule_id, std::uint64_t epoch) const noexcept;

 private:
  [[nodiscard]] std::size_t position(std::string_view rule_id) const noexcept;
  // Of the rules of this set and of the older ones, each once.
  [[nodiscard]] std::vector<ActiveRulePtr> versions_in_use(
      std::span<const std::shared_ptr<const RuleSet>> older) const;
  void build_network(const RuleSet* previous, const std::vector<ActiveRulePtr>& versions);
  void list_witness_predicates(const std::vector<ActiveRulePtr>& versions);
  void list_rules();

  std::uint64_t epoch_ = 0;
  RedactionPtr redaction_;
  std::vector<ActiveRulePtr> rules_;
  std::vector<std::uint64_t> since_;  // beside rules_: active without a break since this epoch
  std::vector<std::uint32_t> span_;
  std::vector<std::uint32_t> early_;
  std::vector<std::uint32_t> trace_;
  std::vector<bool> is_early_;  // beside rules_
  std::shared_ptr<const rules::PredicateNetwork> network_;
  model::SpanInterest interest_ = model::SpanInterest::of_nothing();
  std::vector<const rules::RuleProgram*> programs_;  // beside rules_
  std::unordered_map<rules::PredicateId, std::vector<std::uint32_t>> by_span_predicate_;
  std::unordered_map<rules::PredicateId, std::vector<std::uint32_t>> by_trigger_;
  std::vector<std::uint32_t> untriggered_;  // rules that any trace may violate
  // The predicates that only rules of span scope ask for, with the ids of these, older ones too.
  std::unordered_map<rules::PredicateId, std::vector<std::string>> witness_predicates_;
};

}  // namespace betrace::engine
