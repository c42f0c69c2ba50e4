// Several files of a directory replaced or removed as one: all of them or none, after a crash too.
//
// The rule store changes files only through it. More than one file goes by a journal in `.betrace`,
// whose own durable write is the moment at which the change is decided; recover() finishes what a
// crash interrupted. The caller holds the lock of the directory.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/storage/file_system.h"

namespace betrace::storage {

inline constexpr const char* kJournalName = ".betrace/change.json";

/// One file, before and after; nothing = it is not there.
struct FileChange {
  std::string name;
  std::optional<std::string> before;
  std::optional<std::string> after;
};

/// Makes every file what `after` says. Error StorageFailed: all are as before. StorageUncertain:
/// what each one is must be read, after recover_changes().
[[nodiscard]] Result<void> apply_changes(FileSystem& files, int directory,
                                         const std::vector<FileChange>& changes);

/// Returns the changes that put everything back.
[[nodiscard]] std::vector<FileChange> reversed(const std::vector<FileChange>& changes);

/// Finishes a change whose journal is there. Files that are neither as before nor as after were
/// changed by others since and stay. A journal that cannot be read decides nothing and is removed.
/// Error StorageFailed, StorageUncertain.
[[nodiscard]] Result<void> recover_changes(FileSystem& files, int directory);

}  // namespace betrace::storage
