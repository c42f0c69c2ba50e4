// Looks at the rule directory: which files are there, what they say, and what others changed.
//
// The rule store owns one and asks it under a lock of its own. Remembers each file by its stamp, so
// that a look costs one stat a file. Writes nothing but the names of corrupt files.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/base/time.h"
#include "betrace/storage/file_system.h"
#include "betrace/storage/rule_file.h"
#include "betrace/storage/rule_store.h"

namespace betrace::storage {

/// Not thread-safe.
class RuleDirectory {
 public:
  explicit RuleDirectory(FileSystem& files) : files_(files) {}

  /// At the start a file that cannot be read as rules is set aside at once; later it may be half
  /// written, so it must be found unchanged one second later.
  enum class Occasion { Start, Later };

  /// Looks at all files of `directory`. Error StorageFailed: it cannot be listed. Unsupported, at
  /// the start only: a file of a newer format.
  [[nodiscard]] Result<void> look(int directory, Occasion occasion, const Now& now);

  /// Takes over what we wrote ourselves, without reading it; the next look does. Requires: `bytes`
  /// are those of rule_file_bytes() or tombstone_bytes().
  void adopt(const std::string& file, std::string_view bytes);

  /// Forgets what it knows of a file, so that the next look reads it.
  void forget(const std::string& file) { known_.erase(file); }

  /// True if `file` holds what this version cannot read and must not replace.
  [[nodiscard]] bool is_of_newer_format(const std::string& file) const;

  /// The rules in force, compared with `previous`: what is equal keeps its pointer, and an equal
  /// whole is `previous` itself.
  [[nodiscard]] RuleSnapshotPtr snapshot(const RuleSnapshotPtr& previous) const;

  /// Files set aside that lie in the directory.
  [[nodiscard]] std::size_t quarantined() const noexcept { return quarantined_; }

 private:
  struct KnownFile {
    FileStamp stamp;
    MonotonicTime read_at;
    bool is_settled = false;  // it was read again a second later and is sure to be the same
    bool is_newer = false;
    RuleFileContent content;
    std::vector<RuleProblem> problems;
  };

  [[nodiscard]] Result<void> look_at(int directory, const std::string& name, Occasion occasion,
                                     const Now& now);
  [[nodiscard]] Result<void> read(int directory, const std::string& name, const FileStamp& stamp,
                                  Occasion occasion, const Now& now);
  void set_aside(int directory, const std::string& name, const std::string& reason, const Now& now,
                 KnownFile* file);
  void add_rules(RuleSnapshot* next) const;
  void add_rest(RuleSnapshot* next) const;
  void forget_missing(const std::vector<std::string>& names);

  FileSystem& files_;
  std::map<std::string, KnownFile, std::less<>> known_;
  std::map<std::string, RuleProblem, std::less<>> set_aside_;  // by old name
  std::size_t quarantined_ = 0;
};

/// What is different in `after`; problems that `before` has not.
[[nodiscard]] RuleChanges changes_between(const RuleSnapshot& before, const RuleSnapshot& after);

}  // namespace betrace::storage
