// The only way in which a rule changes, from whichever side: check, store, record, activate.
//
// The API, the watcher of the rule directory and the command line call it. A change is on disk and
// in the evidence log before it is answered; a refused one leaves memory and disk as they were.
// Source: docs/internals/rule_store.md and docs/guide/api.md, "Rules".
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/base/turn.h"
#include "betrace/control/change.h"
#include "betrace/control/loaded_rule.h"
#include "betrace/control/rule_group.h"
#include "betrace/engine/active_rules.h"
#include "betrace/storage/rule_change_record.h"
#include "betrace/storage/rule_store.h"

namespace betrace::control {

struct RuleControlOptions {
  std::size_t rules_max = 1'000;  ///< `limits.rules`
  /// `limits.rule_bytes`: a longer expression is refused; one that is stored already stays.
  std::size_t rule_bytes_max = rules::kRuleBytesMax;
  RuleGroup group;                             ///< `rule_group`: others are kept and not judged.
  std::chrono::milliseconds busy_wait{5'000};  ///< For another change of this process to end.
  /// Commits records of changes; must not return before they are durable. In `serve`
  /// ViolationLog::append_rule_changes.
  std::function<Result<std::uint64_t>(std::span<const storage::RuleChangeRecord>)> record;
  /// Told after each activation, for metrics; may be empty. Must be quick.
  std::function<void(const LoadedRules&)> activated;
};

struct CreateResult {
  enum class What : std::uint8_t { Created, Unchanged, Replaced, Skipped };
  What what = What::Created;
  LoadedRulePtr rule;
};

struct ImportOptions;
struct ImportReport;
struct ImportEntry;

/// Thread-safe. Changes are made one at a time; reads never wait.
class RuleControl {
 public:
  /// `store` and `active` must outlive it. Nothing is active before start().
  RuleControl(storage::RuleStore& store, engine::ActiveRules& active, RuleControlOptions options);

  /// Activates what is stored. `recorded` is the last recorded version of each rule; what differs
  /// from it was changed outside and is recorded as such. Error of the recorder: the rules are
  /// active all the same, and their records are tried again with the next change or refresh.
  Result<void> start(const std::map<std::string, storage::RecordedRule>& recorded, UnixNanos now);

  /// The rules as they are now. Cost: a pointer copy.
  [[nodiscard]] LoadedRulesPtr rules() const;

  /// Stores a new rule. `rule.revision` and times of 0, a time more than 5 minutes ahead, and a
  /// revision that leaves no room to grow are filled in; others are kept. An existing rule of equal
  /// content is left as it is, of other content `on_conflict` decides: Replace keeps given times,
  /// and its revision is the larger of the given one and the stored one + 1.
  [[nodiscard]] Outcome<CreateResult> create(model::Rule rule, OnConflict on_conflict,
                                             const ChangeContext& context);

  /// Returns the new content from that of the stored version; id, revision and times are set here.
  using Edit = std::function<Outcome<model::Rule>(const model::Rule& stored)>;
  /// Replaces the content of a rule; equal content changes nothing.
  [[nodiscard]] Outcome<LoadedRulePtr> update(std::string_view id, const Edit& edit,
                                              const Precondition& precondition,
                                              const ChangeContext& context);

  /// Deletes a rule, leaving a tombstone.
  [[nodiscard]] Outcome<void> remove(std::string_view id, const Precondition& precondition,
                                     const ChangeContext& context);
  /// Restores a deleted rule with its next revision. RuleExists if it is there.
  [[nodiscard]] Outcome<LoadedRulePtr> undelete(std::string_view id, const ChangeContext& context);

  /// Stores many rules in one durable write. A report comes back even if nothing was stored because
  /// of its failures; a refusal means trouble with the lock or the disk.
  [[nodiscard]] Outcome<ImportReport> import(std::vector<ImportEntry> entries,
                                             const ImportOptions& options,
                                             const ChangeContext& context);

  /// Takes up what others changed in the directory. Error of the store, or of the recorder: then
  /// the changes are active, and recording them is tried again.
  Result<void> refresh(UnixNanos now);

 private:
  struct Staged {
    std::vector<engine::ActiveRulePtr> puts;
    std::vector<std::string> removes;
    std::string change_name;  ///< Of the records, if it is not what the contents tell.
  };

  [[nodiscard]] Outcome<std::unique_lock<Turn>> take_turn();
  [[nodiscard]] Outcome<storage::RuleChange> begin(UnixNanos now);
  [[nodiscard]] Outcome<LoadedRulePtr> find(std::string_view id,
                                            const Precondition& precondition) const;
  [[nodiscard]] Outcome<LoadedRulePtr> put_one(storage::RuleChange& change,
                                               engine::ActiveRulePtr rule,
                                               const ChangeContext& context);
  [[nodiscard]] Outcome<void> carry_out(storage::RuleChange& change, const Staged& staged,
                                        const ChangeContext& context);
  [[nodiscard]] Outcome<void> stage(storage::RuleChange& change, const Staged& staged,
                                    const ChangeContext& context);
  [[nodiscard]] Outcome<void> record_or_roll_back(storage::RuleChange& change);
  [[nodiscard]] Outcome<CreateResult> create_in(storage::RuleChange& change, model::Rule rule,
                                                OnConflict on_conflict,
                                                const ChangeContext& context);
  void adopt(const storage::RuleSnapshot& snapshot, const CheckedRules& checked);
  Result<void> flush_records();

  storage::RuleStore& store_;
  engine::ActiveRules& active_;
  const RuleControlOptions options_;

  Turn turn_;                                          // held for the whole of a change
  std::vector<storage::RuleChangeRecord> unrecorded_;  // under turn_

  mutable std::mutex mutex_;  // guards rules_
  LoadedRulesPtr rules_;
};

}  // namespace betrace::control
