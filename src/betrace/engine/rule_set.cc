#include "betrace/engine/rule_set.h"

#include <algorithm>
#include <utility>

#include "betrace/base/check.h"

namespace betrace::engine {
namespace {

bool is_early(const ActiveRule& rule) {
  return rule.checked.firing == rules::Firing::Early && !rule.rule.require_complete;
}

}  // namespace

Result<ActiveRulePtr> make_active_rule(model::Rule rule, rules::CheckedRule checked) {
  auto message = MessageTemplate::parse(rule.message);
  if (!message.has_value()) return fail(std::move(message).error());
  return std::make_shared<const ActiveRule>(
      ActiveRule{std::move(rule), std::move(checked), *std::move(message)});
}

RuleSet::RuleSet(std::vector<ActiveRulePtr> versions, const RuleSet& previous)
    : epoch_(previous.epoch_ + 1), rules_(std::move(versions)) {
  std::erase_if(rules_, [](const ActiveRulePtr& rule) { return !rule->rule.enabled; });
  std::sort(rules_.begin(), rules_.end(),
            [](const ActiveRulePtr& a, const ActiveRulePtr& b) { return a->rule.id < b->rule.id; });
  for (std::uint32_t i = 0; i < rules_.size(); ++i) {
    const ActiveRule& rule = *rules_[i];
    BETRACE_CHECK(i == 0 || rules_[i - 1]->rule.id != rule.rule.id);
    const std::size_t before = previous.position(rule.rule.id);
    since_.push_back(before == previous.rules_.size() ? epoch_ : previous.since_[before]);
    if (rule.checked.scope == rules::Scope::Span) {
      span_.push_back(i);
    } else {
      trace_.push_back(i);
      if (is_early(rule)) early_.push_back(i);
    }
  }
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
