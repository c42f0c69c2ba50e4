#include "betrace/control/loaded_rule.h"

#include <algorithm>
#include <span>

#include "betrace/base/hex.h"
#include "betrace/base/sha256.h"
#include "betrace/control/rule_check.h"
#include "betrace/storage/rule_document.h"

namespace betrace::control {
namespace {

bool is_of(const engine::ActiveRulePtr& active, const model::Rule& rule) {
  return active != nullptr && active->rule.revision == rule.revision &&
         model::same_content(active->rule, rule);
}

LoadedRulePtr load_rule(std::shared_ptr<const storage::StoredRule> stored,
                        const engine::ActiveRulePtr& checked) {
  auto loaded = std::make_shared<LoadedRule>();
  loaded->rule = stored->rule;
  loaded->etag = storage::rule_etag(stored->rule);
  if (is_of(checked, stored->rule)) {
    loaded->active = checked;
  } else if (auto compiled = check_rule(stored->rule)) {
    loaded->active = std::move(*compiled);
  } else {
    loaded->problem = compiled.error().message;
    loaded->rule.enabled = false;
  }
  loaded->stored = std::move(stored);
  return loaded;
}

std::string version_of(const std::vector<LoadedRulePtr>& rules) {
  std::string text;
  for (const LoadedRulePtr& rule : rules) {
    text += rule->rule.id + ' ' + rule->etag + (rule->active ? "+" : "-");
    text += std::to_string(rule->rule.created_at) + ' ' + std::to_string(rule->rule.updated_at);
    text += '\n';
  }
  const Sha256 digest = sha256(text);
  return to_hex(std::span(digest).first(8));
}

}  // namespace

std::string_view name_of(RuleState state) noexcept {
  switch (state) {
    case RuleState::Active:
      return "active";
    case RuleState::Disabled:
      return "disabled";
    case RuleState::Invalid:
      return "invalid";
    case RuleState::Quarantined:
      return "quarantined";
  }
  return "invalid";
}

RuleState LoadedRule::state(bool is_quarantined) const noexcept {
  if (active == nullptr) return RuleState::Invalid;
  if (!rule.enabled) return RuleState::Disabled;
  return is_quarantined ? RuleState::Quarantined : RuleState::Active;
}

LoadedRulePtr LoadedRules::find(std::string_view id) const noexcept {
  const auto place = std::lower_bound(
      rules.begin(), rules.end(), id,
      [](const LoadedRulePtr& rule, std::string_view wanted) { return rule->rule.id < wanted; });
  return place != rules.end() && (*place)->rule.id == id ? *place : nullptr;
}

std::size_t LoadedRules::invalid_count() const noexcept {
  return static_cast<std::size_t>(
      std::count_if(rules.begin(), rules.end(),
                    [](const LoadedRulePtr& rule) { return rule->active == nullptr; }));
}

LoadedRulesPtr load_rules(const storage::RuleSnapshot& snapshot, const LoadedRules& previous,
                          const CheckedRules& checked) {
  auto loaded = std::make_shared<LoadedRules>();
  loaded->store_revision = snapshot.revision;
  loaded->rules.reserve(snapshot.rules.size());
  for (const auto& row : snapshot.rules) {
    LoadedRulePtr known = previous.find(row.first);
    if (known != nullptr && known->stored == row.second) {
      loaded->rules.push_back(std::move(known));
      continue;
    }
    const auto hint = checked.find(row.first);
    const bool has_hint = hint != checked.end();
    loaded->rules.push_back(load_rule(
        row.second, has_hint ? hint->second : (known != nullptr ? known->active : nullptr)));
  }
  loaded->version = version_of(loaded->rules);
  return loaded;
}

}  // namespace betrace::control
