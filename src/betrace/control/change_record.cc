#include "betrace/control/change_record.h"

#include "betrace/base/check.h"
#include "betrace/storage/rule_document.h"

namespace betrace::control {
namespace {

std::string kind_of_change(const model::Rule* before, const model::Rule* after) {
  if (before == nullptr) return "create";
  if (after == nullptr) return "delete";
  const bool only_enabled =
      differing_members(*before, *after) == std::vector<std::string>{"enabled"};
  if (!only_enabled) return "update";
  return after->enabled ? "enable" : "disable";
}

ChangeContext out_of_band(std::string actor, UnixNanos now) {
  ChangeContext context;
  context.actor = actor.empty() ? kOutOfBand : std::move(actor);
  context.source = ChangeSource::Directory;
  context.now = now;
  return context;
}

const model::Rule* rule_of(const std::shared_ptr<const storage::StoredRule>& stored) {
  return stored == nullptr ? nullptr : &stored->rule;
}

}  // namespace

storage::RuleChangeRecord change_record(const model::Rule* before, const model::Rule* after,
                                        const ChangeContext& context) {
  BETRACE_CHECK(before != nullptr || after != nullptr);
  const model::Rule& last = after != nullptr ? *after : *before;
  storage::RuleChangeRecord record;
  record.rule_id = last.id;
  record.change = kind_of_change(before, after);
  record.source = name_of(context.source);
  record.actor = context.actor;
  record.address = context.address;
  record.request_id = context.request_id;
  record.time = context.now;
  record.revision = last.revision;
  record.rule = last;
  if (after != nullptr) record.sha256 = storage::rule_sha256(*after);
  if (before != nullptr) {
    record.previous_revision = before->revision;
    record.previous_sha256 = storage::rule_sha256(*before);
  }
  return record;
}

std::vector<storage::RuleChangeRecord> found_records(const storage::RuleChanges& changes,
                                                     UnixNanos now) {
  std::vector<storage::RuleChangeRecord> records;
  for (const storage::RuleDifference& difference : changes.rules) {
    records.push_back(change_record(rule_of(difference.before), rule_of(difference.after),
                                    out_of_band(difference.actor, now)));
  }
  return records;
}

std::vector<storage::RuleChangeRecord> unrecorded_changes(
    const storage::RuleSnapshot& snapshot,
    const std::map<std::string, storage::RecordedRule>& recorded, UnixNanos now) {
  std::vector<storage::RuleChangeRecord> records;
  for (const auto& row : snapshot.rules) {
    const auto known = recorded.find(row.first);
    const bool was_there = known != recorded.end() && !known->second.sha256.empty();
    if (was_there && known->second.sha256 == row.second->sha256) continue;
    auto record = change_record(nullptr, &row.second->rule, out_of_band("", now));
    if (was_there) {
      record.change = "update";
      record.previous_revision = known->second.revision;
      record.previous_sha256 = known->second.sha256;
    }
    records.push_back(std::move(record));
  }
  for (const auto& row : recorded) {
    if (row.second.sha256.empty() || snapshot.rules.count(row.first) > 0) continue;
    storage::RuleChangeRecord record;
    const auto tombstone = snapshot.tombstones.find(row.first);
    const bool has_tombstone = tombstone != snapshot.tombstones.end();
    const ChangeContext context = out_of_band(has_tombstone ? tombstone->second.actor : "", now);
    record.rule_id = row.first;
    record.change = "delete";
    record.source = name_of(context.source);
    record.actor = context.actor;
    record.time = now;
    record.revision = row.second.revision;
    record.previous_revision = row.second.revision;
    record.previous_sha256 = row.second.sha256;
    if (has_tombstone) record.rule = tombstone->second.rule;
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace betrace::control
