#include "betrace/engine/rule_set.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "betrace/base/check.h"
#include "betrace/engine/rule_interest.h"

namespace betrace::engine {
namespace {

bool is_decided_early(const ActiveRule& rule) {
  return rule.checked.firing == rules::Firing::Early && !rule.rule.require_complete;
}

}  // namespace

Result<ActiveRulePtr> make_active_rule(model::Rule rule, rules::CheckedRule checked) {
  auto message = MessageTemplate::parse(rule.message);
  if (!message.has_value()) return fail(std::move(message).error());
  return std::make_shared<const ActiveRule>(
      ActiveRule{std::move(rule), std::move(checked), *std::move(message)});
}

RuleSet::RuleSet() : redaction_(std::make_shared<const Redaction>()) { build_network(nullptr, {}); }

RuleSet::RuleSet(std::vector<ActiveRulePtr> versions, const RuleSet& previous,
                 std::span<const std::shared_ptr<const RuleSet>> older, RedactionPtr redaction)
    : epoch_(previous.epoch_ + 1),
      redaction_(redaction != nullptr ? std::move(redaction) : previous.redaction_),
      rules_(std::move(versions)) {
  std::erase_if(rules_, [](const ActiveRulePtr& rule) { return !rule->rule.enabled; });
  std::sort(rules_.begin(), rules_.end(),
            [](const ActiveRulePtr& a, const ActiveRulePtr& b) { return a->rule.id < b->rule.id; });
  for (std::uint32_t i = 0; i < rules_.size(); ++i) {
    const ActiveRule& rule = *rules_[i];
    BETRACE_CHECK(i == 0 || rules_[i - 1]->rule.id != rule.rule.id);
    const std::size_t before = previous.position(rule.rule.id);
    since_.push_back(before == previous.rules_.size() ? epoch_ : previous.since_[before]);
    is_early_.push_back(is_decided_early(rule));
    if (rule.checked.scope == rules::Scope::Span) {
      span_.push_back(i);
    } else {
      trace_.push_back(i);
      if (is_early_.back()) early_.push_back(i);
    }
  }
  for (const std::string& key : redaction_->lists().allow) interest_.add_key(key);
  const std::vector<ActiveRulePtr> in_use = versions_in_use(older);
  build_network(&previous, in_use);
  list_witness_predicates(in_use);
  list_rules();
}

std::vector<ActiveRulePtr> RuleSet::versions_in_use(
    std::span<const std::shared_ptr<const RuleSet>> older) const {
  std::vector<ActiveRulePtr> in_use = rules_;
  std::unordered_set<ActiveRulePtr> known(rules_.begin(), rules_.end());
  for (const auto& set : older) {
    for (const ActiveRulePtr& rule : set->rules_) {
      if (known.insert(rule).second) in_use.push_back(rule);
    }
  }
  return in_use;
}

void RuleSet::build_network(const RuleSet* previous, const std::vector<ActiveRulePtr>& versions) {
  std::vector<rules::NetworkRule> all;
  // Needed to say which service a span is of.
  interest_.add_key("service.name");
  for (const ActiveRulePtr& rule : versions) {
    add_interest_of(rule->checked, &interest_);
    rule->message.add_interest(&interest_);
    all.push_back({{rule, &rule->checked}, rule->message.reads_every_span()});
  }
  network_ = std::make_shared<const rules::PredicateNetwork>(
      std::move(all), previous == nullptr ? nullptr : previous->network_.get());
}

void RuleSet::list_witness_predicates(const std::vector<ActiveRulePtr>& versions) {
  std::unordered_set<rules::PredicateId> others;
  for (const ActiveRulePtr& rule : versions) {
    const rules::RuleProgram& program = network_->program_of(rule->checked);
    if (program.span_predicate && !rule->message.reads_every_span()) {
      witness_predicates_[*program.span_predicate].emplace_back(rule->rule.id);
    } else {
      others.insert(program.predicates.begin(), program.predicates.end());
    }
  }
  std::erase_if(witness_predicates_,
                [&others](const auto& entry) { return others.contains(entry.first); });
}

void RuleSet::add_spared(std::span<const std::string> silent,
                         std::vector<rules::PredicateId>* spared) const {
  for (const std::string& id : silent) {
    const std::size_t at = position(id);
    if (at == rules_.size() || !programs_[at]->span_predicate) continue;
    const auto found = witness_predicates_.find(*programs_[at]->span_predicate);
    if (found == witness_predicates_.end()) continue;
    const bool are_all_silent =
        std::ranges::all_of(found->second, [silent](const std::string& rule) {
          return std::binary_search(silent.begin(), silent.end(), rule);
        });
    if (are_all_silent) spared->push_back(found->first);
  }
}

void RuleSet::list_rules() {
  for (std::uint32_t i = 0; i < rules_.size(); ++i) {
    const rules::RuleProgram& program = network_->program_of(rules_[i]->checked);
    programs_.push_back(&program);
    if (program.span_predicate) {
      by_span_predicate_[*program.span_predicate].push_back(i);
    } else if (!program.triggers) {
      untriggered_.push_back(i);
    } else {
      for (const rules::PredicateId trigger : *program.triggers) by_trigger_[trigger].push_back(i);
    }
  }
}

RuleSet::RuleIndexes RuleSet::violated_by(rules::PredicateId predicate) const noexcept {
  const auto found = by_span_predicate_.find(predicate);
  return found == by_span_predicate_.end() ? RuleIndexes() : RuleIndexes(found->second);
}

void RuleSet::add_possible(const traces::MetCounts& met, Moment moment,
                           std::vector<std::uint32_t>* possible) const {
  const auto first = static_cast<std::ptrdiff_t>(possible->size());
  const auto add = [&](const std::vector<std::uint32_t>& rules) {
    for (const std::uint32_t rule : rules) {
      if (moment == Moment::Closed || is_early_[rule]) possible->push_back(rule);
    }
  };
  add(untriggered_);
  for (const auto& entry : met.entries()) {
    const auto found = by_trigger_.find(entry.predicate);
    if (found != by_trigger_.end()) add(found->second);
  }
  std::sort(possible->begin() + first, possible->end());
  possible->erase(std::unique(possible->begin() + first, possible->end()), possible->end());
}

std::size_t RuleSet::position(std::string_view rule_id) const noexcept {
  const auto found = std::lower_bound(
      rules_.begin(), rules_.end(), rule_id,
      [](const ActiveRulePtr& rule, std::string_view id) { return rule->rule.id < id; });
  const bool is_found = found != rules_.end() && (*found)->rule.id == rule_id;
  return is_found ? static_cast<std::size_t>(found - rules_.begin()) : rules_.size();
}

const ActiveRule* RuleSet::find(std::string_view rule_id) const noexcept {
  const std::size_t at = position(rule_id);
  return at == rules_.size() ? nullptr : rules_[at].get();
}

bool RuleSet::is_heard(std::string_view rule_id, std::uint64_t epoch) const noexcept {
  const std::size_t at = position(rule_id);
  return at != rules_.size() && since_[at] <= epoch;
}

}  // namespace betrace::engine
