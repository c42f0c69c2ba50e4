// What RuleStore and RuleChange share: the directory, the snapshot in memory, the read-only state.
//
// Internal to rule_store.cc and rule_change.cc.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "betrace/base/turn.h"
#include "betrace/storage/file_set_change.h"
#include "betrace/storage/rule_directory.h"
#include "betrace/storage/rule_store.h"

namespace betrace::storage {

/// Thread-safe, except where `turn` must be held.
class RuleStore::Core {
 public:
  explicit Core(RuleStoreOptions options);

  /// Makes and checks the directory, loads it, and cleans up what crashes left behind.
  [[nodiscard]] Result<void> load();

  [[nodiscard]] RuleSnapshotPtr snapshot() const;
  void publish(RuleSnapshotPtr snapshot);
  [[nodiscard]] RuleStoreStatus status() const;

  /// Looks at the directory and makes memory equal to it. Requires: `turn` is held.
  [[nodiscard]] Result<RuleChanges> look(int directory);
  /// As look(), after the files of `changes` were written by us, whatever their stamps say.
  [[nodiscard]] Result<RuleChanges> look_again(const std::vector<FileChange>& changes);

  /// A fresh handle: after a failed fsync the old one would lie.
  [[nodiscard]] Result<FileHandle> open_directory();
  [[nodiscard]] Result<FileHandle> take_rules_lock(int directory);
  [[nodiscard]] Result<RuleChange> begin();
  [[nodiscard]] bool probe();

  /// Enters the read-only state if `error` is one of the disk.
  void note_error(const Error& error);

  Turn turn;  ///< One change or look at a time.
  const RuleStoreOptions options;
  FileSystem& files;
  RuleDirectory directory;  ///< Requires: `turn` is held.

 private:
  [[nodiscard]] Result<void> check_directory(int handle);
  void clean_after_crash(int handle);
  void set_fixed(const std::string& reason);

  mutable std::mutex mutex_;  // guards what follows
  RuleSnapshotPtr snapshot_;
  std::string read_only_reason_;
  std::string fixed_reason_;
  std::size_t quarantined_ = 0;
};

/// A change that is under way.
struct RuleChange::State {
  std::shared_ptr<RuleStore::Core> core;
  std::unique_lock<Turn> turn;
  FileHandle directory;
  FileHandle lock;
  RuleSnapshotPtr current;
  RuleChanges found;
  std::vector<FileChange> staged;
  bool is_written = false;
};

}  // namespace betrace::storage
