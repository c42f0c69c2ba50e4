// The rules on disk: one file a rule in a directory that several processes may share.
//
// control/ is its only writer: it begins a change, stages what is new, writes it, has it recorded,
// and commits; app/ lets a thread call refresh() and, while the store is read-only, probe().
// Whether an expression compiles is not looked at. Source: docs/internals/rule_store.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/base/time.h"
#include "betrace/model/rule.h"
#include "betrace/storage/file_system.h"

namespace betrace::storage {

/// A rule as it lies on disk. Immutable.
struct StoredRule {
  model::Rule rule;
  std::string file;           ///< Name in the directory: `pii.json`, `team.yaml`.
  std::string sha256;         ///< 64 hex of the canonical rule object.
  bool is_read_only = false;  ///< It came from a file that the API does not write.
};

/// What is left of a deleted rule until its tombstone is cleaned up. Immutable.
struct Tombstone {
  model::Rule rule;  ///< As it was.
  UnixNanos deleted_at = 0;
  std::string actor;
};

/// A file, or an entry of one, that is not in force.
struct RuleProblem {
  std::string file;
  std::string message;         ///< Names the entry where a file has several.
  std::string quarantined_as;  ///< New name of the file; empty if it is still there.
};

/// What the directory holds. Immutable; shared by pointer.
struct RuleSnapshot {
  std::map<std::string, std::shared_ptr<const StoredRule>, std::less<>> rules;  ///< By id.
  std::map<std::string, Tombstone, std::less<>> tombstones;                     ///< By id.
  std::vector<RuleProblem> problems;
  std::uint64_t revision = 0;  ///< +1 with each snapshot that differs, since the start.
};
using RuleSnapshotPtr = std::shared_ptr<const RuleSnapshot>;

/// One rule that is not as it was: `before` null = new, `after` null = gone.
struct RuleDifference {
  std::string id;
  std::shared_ptr<const StoredRule> before;
  std::shared_ptr<const StoredRule> after;
  std::string actor;  ///< Of the deletion, if a tombstone says who; else empty.
};

/// What others did to the directory.
struct RuleChanges {
  std::vector<RuleDifference> rules;  ///< By id.
  std::vector<RuleProblem> new_problems;
  [[nodiscard]] bool empty() const noexcept { return rules.empty() && new_problems.empty(); }
};

struct RuleStoreOptions {
  std::string path;
  std::chrono::milliseconds lock_wait{5'000};
  FileSystem* files = nullptr;  ///< Null: the real one.
  std::function<Now()> clock = read_clocks;
};

struct RuleStoreStatus {
  bool is_read_only = false;    ///< After an I/O error; probe() ends it.
  bool is_fixed = false;        ///< The directory cannot be written at all (409, not 503).
  std::string reason;           ///< Of either.
  std::size_t quarantined = 0;  ///< Files set aside that still lie in the directory.
  std::size_t problems = 0;
};

class RuleStore;

/// One change of one or more rules, under the lock of the directory. Ends with commit(); destroyed
/// before that it rolls back what it wrote. One thread.
class RuleChange {
 public:
  RuleChange(RuleChange&&) noexcept;
  ~RuleChange();

  /// The directory as it is under the lock.
  [[nodiscard]] const RuleSnapshot& current() const noexcept;
  /// What others had changed since the last refresh; memory has it already. The caller records and
  /// activates it as after refresh().
  [[nodiscard]] const RuleChanges& found() const noexcept;

  /// Stages a new version of `rule.id`, or its first. Error FailedPrecondition: the rule is
  /// read-only; the message names the file. Requires: checked fields; revision and times are set.
  [[nodiscard]] Result<void> put(model::Rule rule);
  /// Stages a tombstone. Error NotFound; FailedPrecondition as put().
  [[nodiscard]] Result<void> remove(std::string_view id, UnixNanos deleted_at, std::string actor);

  /// Writes all that is staged, durably; several rules all or nothing, after a crash too. Error
  /// StorageFailed: nothing is changed. StorageUncertain: memory was made equal to the disk,
  /// whatever it holds. After either the store is read-only until a probe succeeds.
  [[nodiscard]] Result<void> write();
  /// Puts back what was there before write(). Error StorageUncertain: that failed too, and memory
  /// was made equal to the disk.
  [[nodiscard]] Result<void> roll_back();
  /// Makes memory equal to what was written and releases the lock. Returns the new snapshot.
  RuleSnapshotPtr commit();

 private:
  friend class RuleStore;
  struct State;
  explicit RuleChange(std::unique_ptr<State> state);
  [[nodiscard]] Result<void> stage(std::string file, std::string bytes);
  std::unique_ptr<State> state_;
};

/// Thread-safe.
class RuleStore {
 public:
  class Core;  ///< Of the .cc files.

  /// Opens the directory, creating it if it is missing, and loads it; corrupt files are set aside.
  /// Error StorageFailed: the directory cannot be read or made. FailedPrecondition: it is writable
  /// for everybody. Unsupported: a file of a newer format (exit 78).
  [[nodiscard]] static Result<std::unique_ptr<RuleStore>> open(RuleStoreOptions options);
  ~RuleStore();

  [[nodiscard]] RuleSnapshotPtr snapshot() const;
  [[nodiscard]] RuleStoreStatus status() const;
  [[nodiscard]] const std::string& path() const noexcept;

  /// Takes the lock, one change at a time, and reads the directory again. Error Unavailable:
  /// another change held the lock for `lock_wait`. StorageFailed: the store is read-only after an
  /// I/O error. FailedPrecondition: the directory cannot be written.
  [[nodiscard]] Result<RuleChange> begin();

  /// Reads what others changed, makes memory equal to it and returns the differences. A file that
  /// cannot be read as a rule is set aside only if it is unchanged at the next refresh, since it
  /// may be half written. Error StorageFailed: the directory cannot be listed. Cost: one stat a
  /// file.
  [[nodiscard]] Result<RuleChanges> refresh();

  /// Tries a whole durable write and finishes a change that is half done; success ends the
  /// read-only state. To be called every second.
  [[nodiscard]] bool probe();

  /// Removes the tombstones whose age is `age` or more; returns how many. Errors as begin().
  /// Cost: nothing if there are none so old.
  Result<std::size_t> clean_up(std::chrono::milliseconds age);

 private:
  explicit RuleStore(std::shared_ptr<Core> core);
  std::shared_ptr<Core> core_;  // shared with the change that is under way
};

}  // namespace betrace::storage
