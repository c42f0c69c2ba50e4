#include "betrace/control/rule_import.h"

#include <algorithm>
#include <set>

#include "betrace/control/new_version.h"
#include "betrace/control/rule_check.h"

namespace betrace::control {
namespace {

// Walks the entries of one import. One use.
class Planner {
 public:
  Planner(const ImportOptions& options, const LoadedRules& current, const RuleLimits& limits,
          UnixNanos now)
      : options_(options), current_(current), limits_(limits), now_(now) {
    plan_.report.dry_run = options.dry_run;
  }

  ImportPlan run(std::vector<ImportEntry> entries) {
    plan_.report.total = entries.size();
    for (const ImportEntry& entry : entries) named_.insert(entry.id);
    if (options_.prune) plan_removals();
    for (ImportEntry& entry : entries) {
      auto result = entry.rule ? decide(std::move(*entry.rule)) : refuse(entry.rule.error());
      if (!result) {
        plan_.report.errors.push_back({entry.index, entry.id, std::move(result.error())});
      }
    }
    if (options_.is_atomic && !plan_.report.errors.empty()) give_up();
    return std::move(plan_);
  }

 private:
  // An entry that cannot be read still names its rule, which is then not pruned.
  void plan_removals() {
    for (const LoadedRulePtr& rule : current_.rules) {
      if (named_.count(rule->rule.id) > 0) continue;
      if (rule->stored->is_read_only) {
        plan_.report.errors.push_back({std::nullopt, rule->rule.id, read_only_rule(rule)});
      } else {
        plan_.removes.push_back(rule->rule.id);
      }
    }
    plan_.report.deleted = plan_.removes.size();
  }

  Outcome<void> decide(model::Rule rule) {
    const std::string id = rule.id;
    LoadedRulePtr existing = current_.find(id);
    if (existing != nullptr) return decide_existing(std::move(rule), existing);
    if (current_.rules.size() - plan_.removes.size() + plan_.report.created >= limits_.rules_max) {
      return refuse(limit_reached(limits_.rules_max));
    }
    auto checked = check_rule(first_version(std::move(rule), now_), limits_.rule_bytes_max);
    if (!checked) return refuse(std::move(checked.error()));
    plan_.puts.push_back(std::move(*checked));
    plan_.report.created += 1;
    plan_.report.imported.push_back(id);
    return {};
  }

  Outcome<void> decide_existing(model::Rule rule, const LoadedRulePtr& existing) {
    const std::string id = rule.id;
    if (model::same_content(existing->rule, rule) ||
        model::same_content(existing->stored->rule, rule)) {
      plan_.report.unchanged += 1;
      plan_.report.imported.push_back(id);
      return {};
    }
    const model::Rule& stored = existing->stored->rule;
    auto checked =
        check_next_version(replacing_version(rule, stored, now_), stored, limits_.rule_bytes_max);
    if (!checked) return refuse(std::move(checked.error()));
    if (options_.on_conflict == OnConflict::Fail) return refuse(rule_exists(existing, rule));
    if (options_.on_conflict == OnConflict::Skip) {
      plan_.report.skipped += 1;
      return {};
    }
    if (existing->stored->is_read_only) return refuse(read_only_rule(existing));
    plan_.puts.push_back(std::move(*checked));
    plan_.report.updated += 1;
    plan_.report.imported.push_back(id);
    return {};
  }

  void give_up() {
    plan_.puts.clear();
    plan_.removes.clear();
    ImportReport& report = plan_.report;
    report.created = report.updated = report.unchanged = report.skipped = report.deleted = 0;
    report.imported.clear();
    report.is_applied = false;
  }

  const ImportOptions& options_;
  const LoadedRules& current_;
  const RuleLimits limits_;
  const UnixNanos now_;
  std::set<std::string> named_;
  ImportPlan plan_;
};

}  // namespace

ImportEntry to_import_entry(storage::RuleEntry entry) {
  if (!entry.input) {
    return {entry.index, std::move(entry.id),
            refuse(RefusalKind::InvalidField, entry.input.error().message)};
  }
  std::string id = entry.input->rule.id;
  return {entry.index, std::move(id), std::move(entry.input->rule)};
}

ImportPlan plan_import(std::vector<ImportEntry> entries, const ImportOptions& options,
                       const LoadedRules& current, const RuleLimits& limits, UnixNanos now) {
  return Planner(options, current, limits, now).run(std::move(entries));
}

}  // namespace betrace::control
