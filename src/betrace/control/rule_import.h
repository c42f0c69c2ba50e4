// What an import does, decided entry by entry before anything is written.
//
// Pure: RuleControl passes the rules as they are and carries the plan out. Source:
// docs/guide/api.md, "Rules".
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/control/change.h"
#include "betrace/control/loaded_rule.h"
#include "betrace/storage/rule_document.h"

namespace betrace::control {

struct ImportOptions {
  bool is_atomic = true;  ///< All or nothing.
  OnConflict on_conflict = OnConflict::Fail;
  bool prune = false;    ///< Deletes what the body does not have. Requires: is_atomic.
  bool dry_run = false;  ///< Says what would happen.
};

/// One rule of the body, or why it cannot be read.
struct ImportEntry {
  std::size_t index = 0;
  std::string id;  ///< As far as it could be read.
  Outcome<model::Rule> rule;
};

/// Returns an entry of a document as one of an import.
[[nodiscard]] ImportEntry to_import_entry(storage::RuleEntry entry);

struct ImportError {
  std::optional<std::size_t> index;  ///< Nothing for a rule that cannot be pruned.
  std::string rule_id;
  ChangeRefusal refusal;
};

struct ImportReport {
  std::size_t total = 0;
  std::size_t created = 0;
  std::size_t updated = 0;
  std::size_t unchanged = 0;
  std::size_t skipped = 0;
  std::size_t deleted = 0;
  bool dry_run = false;
  /// True if the store is as the body wants it, or would be: false when an atomic import failed.
  bool is_applied = true;
  std::vector<std::string> imported;  ///< Ids created, updated or unchanged, in order of the body.
  std::vector<ImportError> errors;

  [[nodiscard]] std::size_t succeeded() const noexcept {
    return created + updated + unchanged + skipped;
  }
};

/// What is to be written, and what to say of it.
struct ImportPlan {
  ImportReport report;
  std::vector<engine::ActiveRulePtr> puts;
  std::vector<std::string> removes;
};

/// As in RuleControlOptions.
struct RuleLimits {
  std::size_t rules_max = 0;
  std::size_t rule_bytes_max = 0;
};

/// Decides every entry against `current`. With errors in an atomic import nothing is to be written.
[[nodiscard]] ImportPlan plan_import(std::vector<ImportEntry> entries, const ImportOptions& options,
                                     const LoadedRules& current, const RuleLimits& limits,
                                     UnixNanos now);

}  // namespace betrace::control
