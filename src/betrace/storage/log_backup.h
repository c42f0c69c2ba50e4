// A copy of the violation log that can be read, verified and started from.
//
// Made in a directory of its own that gets its name when every file in it is on disk. Used by
// ViolationLog while it runs, and for a log that is stopped. Keys are not copied; `keys.json` is.
// Source: docs/internals/violation_log.md, "Copies".
#pragma once

#include <string>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/base/time.h"
#include "betrace/storage/backup_report.h"
#include "betrace/storage/file_system.h"
#include "betrace/storage/log_walk.h"

namespace betrace::storage {

/// Copies `generations`, oldest first, to the new directory `path`, each as it is at one moment,
/// and verifies the copy. They may be in use. `state_path` is where `keys.json` may lie. Error
/// AlreadyExists: there is something at `path`; StorageFailed: it could not be written; Corrupt:
/// the copy does not verify.
[[nodiscard]] Result<BackupReport> write_backup(FileSystem& files, const std::string& state_path,
                                                const std::vector<ReadableGeneration>& generations,
                                                const std::string& path);

/// Locks the directory of a log that is stopped, and copies it. Errors as write_backup(); NotFound:
/// there is no log; FailedPrecondition: it is in use, the message names the owner.
[[nodiscard]] Result<BackupReport> back_up_stopped_log(FileSystem& files,
                                                       const std::string& state_path,
                                                       const std::string& path, UnixNanos now);

/// The generations in a directory that nobody needs to have locked, oldest first. Error NotFound:
/// there is none; Corrupt, Unsupported: one cannot be read.
[[nodiscard]] Result<std::vector<ReadableGeneration>> find_generations(FileSystem& files,
                                                                       const std::string& path);

}  // namespace betrace::storage
