// Clients of the rule store and the violation log, at work in random ways while disks fail.
//
// Notes in a journal what it does and what it is told; storage_judge says whether that was true.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "betrace/storage/rule_store.h"
#include "betrace/storage/testing/disk_model.h"
#include "betrace/storage/testing/storage_journal.h"
#include "betrace/storage/violation_log.h"

namespace betrace::storage {

struct WorkloadOptions {
  std::string path;             ///< Holds `rules`, `state`, and copies: `backup-1`, ...
  FileSystem* files = nullptr;  ///< Null: the real one.
  /// What is told while this is false does not count: the power is gone.
  std::function<bool()> has_power = [] { return true; };
  /// Time that passes besides that of the machine, in nanoseconds. Null: none.
  std::atomic<std::uint64_t>* passed = nullptr;
};

/// What the log does besides. Expire rotates too.
enum class Upkeep : std::uint8_t { Rotate, Expire, BackUp };

/// Revision by id.
using RuleVersions = std::map<std::string, std::uint64_t>;

[[nodiscard]] RuleVersions versions_of(const RuleSnapshot& snapshot);
/// What rules are after a change; 0 deletes.
[[nodiscard]] RuleVersions with(RuleVersions rules, const RuleVersions& changed);

/// Where both lie, made as `betrace serve` makes them.
void make_storage_folders(const std::string& path);

/// One life of the storage. One thread.
class StorageWorkload {
 public:
  StorageWorkload(WorkloadOptions options, StorageJournal& journal);

  /// Opens both, and sees an interrupted change of rules through.
  [[nodiscard]] Result<void> open();
  /// Changes one rule or several, records violations, or moves the export. Error: the power is
  /// gone, or it hangs.
  [[nodiscard]] Result<void> work(Random& random);
  /// The same, or ends orderly and opens again, or keep_up() if time may pass. Error: that of
  /// open() too.
  [[nodiscard]] Result<void> step(Random& random);
  /// Error: that of work(). Requires: time may pass.
  [[nodiscard]] Result<void> keep_up(Upkeep what);
  /// An orderly end, which moves the WAL into the database.
  void stop();

  [[nodiscard]] RuleStore& rules() { return *rules_; }
  [[nodiscard]] ViolationLog& log() { return *log_; }

 private:
  void change_rules(Random& random);
  [[nodiscard]] RuleVersions draw_change(const RuleVersions& now, Random& random);
  [[nodiscard]] bool settle_uncertain_change();
  [[nodiscard]] Result<void> make_change(const RuleVersions& wanted);
  [[nodiscard]] Result<void> record(std::uint64_t count);
  void pass(std::chrono::nanoseconds time);
  [[nodiscard]] Result<void> take_turns();
  [[nodiscard]] Result<void> rotate();
  [[nodiscard]] Result<void> expire();
  void back_up();

  const WorkloadOptions options_;
  StorageJournal& journal_;
  std::unique_ptr<RuleStore> rules_;
  std::unique_ptr<ViolationLog> log_;
  std::uint64_t changes_ = 0;
  std::optional<RuleVersions> uncertain_;  // what rules are if the last change is in force
  std::uint64_t violations_ = 0;
  std::uint64_t copies_ = 0;
};

}  // namespace betrace::storage
