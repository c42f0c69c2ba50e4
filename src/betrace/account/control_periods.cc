#include "betrace/account/control_periods.h"

#include <utility>

namespace betrace::account {

void ControlPeriods::rules_changed(const engine::RuleSet& rules) {
  active_.clear();
  for (const engine::ActiveRulePtr& active : rules.rules()) {
    const model::Rule& rule = active->rule;
    active_.insert(rule.id);
    std::vector<model::Control> controls = model::controls_of(rule.tags);
    for (const model::Control& control : controls) standings_[control].rules.insert(rule.id);
    controls_[rule.id] = std::move(controls);
  }
}

void ControlPeriods::violation_recorded(std::span<const std::string> tags) {
  for (const model::Control& control : model::controls_of(tags)) {
    ++standings_[control].verdict.violations;
  }
}

void ControlPeriods::add_minute(const RuleMinutes& rules, const evidence::Coverage& coverage) {
  coverage_.add(coverage);
  ++coverage_records_;
  for (const auto& [id, minute] : rules) {
    const auto known = controls_.find(id);
    if (known == controls_.end()) continue;
    for (const model::Control& control : known->second) {
      evidence::Compliance::Verdict& verdict = standings_[control].verdict;
      verdict.evaluations_due += minute.due;
      verdict.evaluations_not_made += minute.not_made;
      verdict.suppressed += minute.suppressed;
    }
  }
}

std::vector<evidence::Compliance> ControlPeriods::take() {
  std::vector<evidence::Compliance> statements;
  for (const auto& [control, standing] : std::exchange(standings_, {})) {
    evidence::Compliance statement;
    statement.control = control;
    statement.verdict = standing.verdict;
    statement.rule_count = standing.rules.size();
    for (const std::string& id : standing.rules) {
      if (statement.rules.size() < evidence::Compliance::kRulesMax) statement.rules.push_back(id);
    }
    statement.coverage = coverage_;
    statement.coverage_records = coverage_records_;
    statements.push_back(std::move(statement));
  }
  coverage_ = {};
  coverage_records_ = 0;
  std::erase_if(controls_, [this](const auto& entry) { return !active_.contains(entry.first); });
  for (const auto& [id, controls] : controls_) {
    for (const model::Control& control : controls) standings_[control].rules.insert(id);
  }
  return statements;
}

}  // namespace betrace::account
