#include "betrace/control/rule_control.h"

#include <fmt/format.h>

#include <utility>

#include "betrace/base/utf8.h"
#include "betrace/control/change_record.h"
#include "betrace/control/new_version.h"
#include "betrace/control/rule_check.h"
#include "betrace/control/rule_import.h"

namespace betrace::control {
namespace {

// Equal as stored, or as shown: a rule that does not load is shown disabled, and a backup of it
// must still be equal to it.
bool is_same(const LoadedRule& loaded, const model::Rule& rule) {
  return model::same_content(loaded.rule, rule) || model::same_content(loaded.stored->rule, rule);
}

ChangeRefusal precondition_failed(LoadedRulePtr existing) {
  ChangeRefusal refusal;
  refusal.kind = RefusalKind::PreconditionFailed;
  refusal.message = fmt::format("rule {} is at {}", existing->rule.id, existing->etag);
  refusal.existing = std::move(existing);
  return refusal;
}

std::vector<engine::ActiveRulePtr> active_versions(const LoadedRules& rules,
                                                   const RuleGroup& group) {
  std::vector<engine::ActiveRulePtr> versions;
  for (const LoadedRulePtr& rule : rules.rules) {
    if (rule->active != nullptr && group.holds(rule->rule.id)) versions.push_back(rule->active);
  }
  return versions;
}

}  // namespace

RuleControl::RuleControl(storage::RuleStore& store, engine::ActiveRules& active,
                         RuleControlOptions options)
    : store_(store),
      active_(active),
      options_(std::move(options)),
      rules_(std::make_shared<LoadedRules>()) {}

Result<void> RuleControl::start(const std::map<std::string, storage::RecordedRule>& recorded,
                                UnixNanos now) {
  const std::lock_guard<Turn> turn(turn_);
  const storage::RuleSnapshotPtr snapshot = store_.snapshot();
  adopt(*snapshot, {});
  unrecorded_ = unrecorded_changes(*snapshot, recorded, now);
  return flush_records();
}

LoadedRulesPtr RuleControl::rules() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return rules_;
}

Outcome<CreateResult> RuleControl::create(model::Rule rule, OnConflict on_conflict,
                                          const ChangeContext& context) {
  // Nothing is written for a rule that is there already, so neither a broken disk nor a text that
  // no longer compiles stands in the way of posting a backup again.
  const auto unchanged = [this, &rule](ChangeRefusal refusal) -> Outcome<CreateResult> {
    LoadedRulePtr existing = rules()->find(rule.id);
    if (existing == nullptr || !is_same(*existing, rule)) return refuse(std::move(refusal));
    return CreateResult{CreateResult::What::Unchanged, std::move(existing)};
  };
  auto checked = check_rule(rule, options_.rule_bytes_max);
  if (!checked) return unchanged(std::move(checked.error()));
  const auto turn = take_turn();
  if (!turn) return refuse(turn.error());
  auto change = begin(context.now);
  if (!change) return unchanged(std::move(change.error()));
  return create_in(*change, std::move(rule), on_conflict, context);
}

Outcome<CreateResult> RuleControl::create_in(storage::RuleChange& change, model::Rule rule,
                                             OnConflict on_conflict, const ChangeContext& context) {
  using What = CreateResult::What;
  const LoadedRulesPtr current = rules();
  LoadedRulePtr existing = current->find(rule.id);
  if (existing == nullptr) {
    if (current->rules.size() >= options_.rules_max) {
      return refuse(limit_reached(options_.rules_max));
    }
    rule = first_version(std::move(rule), context.now);
  } else {
    if (is_same(*existing, rule)) return CreateResult{What::Unchanged, std::move(existing)};
    if (on_conflict == OnConflict::Skip) return CreateResult{What::Skipped, std::move(existing)};
    if (on_conflict == OnConflict::Fail) return refuse(rule_exists(std::move(existing), rule));
    rule = replacing_version(std::move(rule), existing->stored->rule, context.now);
  }
  auto checked = check_rule(std::move(rule), options_.rule_bytes_max);
  if (!checked) return refuse(std::move(checked.error()));
  auto stored = put_one(change, std::move(*checked), context);
  if (!stored) return refuse(std::move(stored.error()));
  return CreateResult{existing == nullptr ? What::Created : What::Replaced, std::move(*stored)};
}

Outcome<LoadedRulePtr> RuleControl::find(std::string_view id,
                                         const Precondition& precondition) const {
  LoadedRulePtr existing = rules()->find(id);
  if (existing == nullptr) return refuse(rule_not_found(id));
  if (!precondition.holds(existing->etag)) return refuse(precondition_failed(std::move(existing)));
  return existing;
}

Outcome<LoadedRulePtr> RuleControl::update(std::string_view id, const Edit& edit,
                                           const Precondition& precondition,
                                           const ChangeContext& context) {
  const auto turn = take_turn();
  if (!turn) return refuse(turn.error());
  auto change = begin(context.now);
  if (!change) return refuse(std::move(change.error()));
  const auto existing = find(id, precondition);
  if (!existing) return refuse(existing.error());
  auto edited = edit((*existing)->rule);
  if (!edited) return refuse(std::move(edited.error()));
  if (is_same(**existing, *edited)) return *existing;
  const model::Rule& stored = (*existing)->stored->rule;
  auto checked = check_next_version(next_version(std::move(*edited), stored, context.now), stored,
                                    options_.rule_bytes_max);
  if (!checked) return refuse(std::move(checked.error()));
  return put_one(*change, std::move(*checked), context);
}

Outcome<void> RuleControl::remove(std::string_view id, const Precondition& precondition,
                                  const ChangeContext& context) {
  const auto turn = take_turn();
  if (!turn) return refuse(turn.error());
  auto change = begin(context.now);
  if (!change) return refuse(std::move(change.error()));
  if (const auto existing = find(id, precondition); !existing) return refuse(existing.error());
  Staged staged;
  staged.removes.emplace_back(id);
  return carry_out(*change, staged, context);
}

Outcome<LoadedRulePtr> RuleControl::undelete(std::string_view id, const ChangeContext& context) {
  const auto turn = take_turn();
  if (!turn) return refuse(turn.error());
  auto change = begin(context.now);
  if (!change) return refuse(std::move(change.error()));
  const LoadedRulesPtr current = rules();
  if (LoadedRulePtr existing = current->find(id); existing != nullptr) {
    const model::Rule rule = existing->rule;
    return refuse(rule_exists(std::move(existing), rule));
  }
  const auto& tombstones = change->current().tombstones;
  const auto tombstone = tombstones.find(id);
  if (tombstone == tombstones.end()) return refuse(rule_not_found(id));
  if (current->rules.size() >= options_.rules_max) {
    return refuse(limit_reached(options_.rules_max));
  }
  const model::Rule& deleted = tombstone->second.rule;
  auto checked = check_rule(next_version(deleted, deleted, context.now));
  if (!checked) return refuse(std::move(checked.error()));
  Staged staged;
  staged.puts.push_back(std::move(*checked));
  staged.change_name = "undelete";
  auto stored = carry_out(*change, staged, context);
  if (!stored) return refuse(std::move(stored.error()));
  return rules()->find(id);
}

Outcome<ImportReport> RuleControl::import(std::vector<ImportEntry> entries,
                                          const ImportOptions& options,
                                          const ChangeContext& context) {
  const auto turn = take_turn();
  if (!turn) return refuse(turn.error());
  const RuleLimits limits{options_.rules_max, options_.rule_bytes_max};
  if (options.dry_run) {
    return plan_import(std::move(entries), options, *rules(), limits, context.now).report;
  }
  auto change = begin(context.now);
  if (!change) return refuse(std::move(change.error()));
  ImportPlan plan = plan_import(std::move(entries), options, *rules(), limits, context.now);
  if (plan.puts.empty() && plan.removes.empty()) return std::move(plan.report);
  Staged staged;
  staged.puts = std::move(plan.puts);
  staged.removes = std::move(plan.removes);
  auto stored = carry_out(*change, staged, context);
  if (!stored) return refuse(std::move(stored.error()));
  return std::move(plan.report);
}

Result<void> RuleControl::refresh(UnixNanos now) {
  const std::lock_guard<Turn> turn(turn_);
  const auto found = store_.refresh();
  if (!found) return fail(found.error());
  for (auto& record : found_records(*found, now)) unrecorded_.push_back(std::move(record));
  const storage::RuleSnapshotPtr snapshot = store_.snapshot();
  if (snapshot->revision != rules()->store_revision) adopt(*snapshot, {});
  return flush_records();
}

Outcome<std::unique_lock<Turn>> RuleControl::take_turn() {
  std::unique_lock<Turn> turn(turn_, options_.busy_wait);
  if (!turn.owns_lock()) return refuse(RefusalKind::Busy, "another rule change takes too long");
  return turn;
}

// Takes the lock of the directory, and up what others changed before it was taken.
Outcome<storage::RuleChange> RuleControl::begin(UnixNanos now) {
  auto change = store_.begin();
  if (!change) return refuse(storage_refusal(change.error()));
  for (auto& record : found_records(change->found(), now)) {
    unrecorded_.push_back(std::move(record));
  }
  if (change->current().revision != rules()->store_revision) adopt(change->current(), {});
  return std::move(*change);
}

Outcome<LoadedRulePtr> RuleControl::put_one(storage::RuleChange& change, engine::ActiveRulePtr rule,
                                            const ChangeContext& context) {
  const std::string id = rule->rule.id;
  Staged staged;
  staged.puts.push_back(std::move(rule));
  auto stored = carry_out(change, staged, context);
  if (!stored) return refuse(std::move(stored.error()));
  return rules()->find(id);
}

// Stages everything and prepares the records, which describe the rules as they still are.
Outcome<void> RuleControl::stage(storage::RuleChange& change, const Staged& staged,
                                 const ChangeContext& context) {
  const LoadedRulesPtr current = rules();
  const std::size_t first = unrecorded_.size();
  const auto give_up = [this, first, &current](std::string_view id, const Error& error) {
    unrecorded_.resize(first);
    LoadedRulePtr existing = current->find(id);
    const bool is_of_file = existing != nullptr && existing->stored->is_read_only;
    return refuse(is_of_file ? read_only_rule(std::move(existing)) : storage_refusal(error));
  };
  for (const engine::ActiveRulePtr& put : staged.puts) {
    const LoadedRulePtr before = current->find(put->rule.id);
    unrecorded_.push_back(
        change_record(before == nullptr ? nullptr : &before->stored->rule, &put->rule, context));
    if (!staged.change_name.empty()) unrecorded_.back().change = staged.change_name;
    const auto result = change.put(put->rule);
    if (!result) return give_up(put->rule.id, result.error());
  }
  for (const std::string& id : staged.removes) {
    const LoadedRulePtr before = current->find(id);
    unrecorded_.push_back(change_record(&before->stored->rule, nullptr, context));
    const auto result = change.remove(id, context.now, context.actor);
    if (!result) return give_up(id, result.error());
  }
  return {};
}

Outcome<void> RuleControl::carry_out(storage::RuleChange& change, const Staged& staged,
                                     const ChangeContext& context) {
  const std::size_t first = unrecorded_.size();
  auto result = stage(change, staged, context);
  if (!result) return result;
  const auto written = change.write();
  if (!written) {
    unrecorded_.resize(first);
    adopt(*store_.snapshot(), {});
    return refuse(storage_refusal(written.error()));
  }
  result = record_or_roll_back(change);
  if (!result) {
    unrecorded_.resize(first);
    adopt(*store_.snapshot(), {});
    return result;
  }
  CheckedRules checked;
  for (const engine::ActiveRulePtr& put : staged.puts) checked.emplace(put->rule.id, put);
  adopt(*change.commit(), checked);
  return {};
}

Outcome<void> RuleControl::record_or_roll_back(storage::RuleChange& change) {
  const auto recorded = flush_records();
  if (recorded) return {};
  const auto rolled_back = change.roll_back();
  if (!rolled_back) return refuse(storage_refusal(rolled_back.error()));
  return refuse(
      storage_refusal({recorded.error().code, fmt::format("the change could not be recorded: {}",
                                                          recorded.error().message)}));
}

// Makes `snapshot` what is read and what judges new traces.
void RuleControl::adopt(const storage::RuleSnapshot& snapshot, const CheckedRules& checked) {
  LoadedRulesPtr loaded = load_rules(snapshot, *rules(), checked);
  active_.publish(active_versions(*loaded, options_.group));
  if (options_.activated) options_.activated(*loaded);
  const std::lock_guard<std::mutex> lock(mutex_);
  rules_ = std::move(loaded);
}

Result<void> RuleControl::flush_records() {
  if (unrecorded_.empty()) return {};
  const auto recorded = options_.record(unrecorded_);
  if (!recorded) return fail(recorded.error());
  unrecorded_.clear();
  return {};
}

}  // namespace betrace::control
