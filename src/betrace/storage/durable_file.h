// Files that survive a power loss: the only way in which this module writes one.
//
// Rule files, tombstones, lock owners, key rings. The violation log is SQLite and not here. Source:
// docs/internals/rule_store.md.
#pragma once

#include <string>
#include <string_view>

#include "betrace/base/result.h"
#include "betrace/storage/file_system.h"

namespace betrace::storage {

/// Puts `bytes` in place of `name`, as a whole or not at all: temporary file, fsync, close, rename,
/// fsync of the directory. Error StorageFailed: nothing was changed. StorageUncertain: the rename
/// was done but the directory could not be synced; read the file again. No handle is used again
/// after a failure.
[[nodiscard]] Result<void> durable_replace(FileSystem& files, int directory, std::string_view name,
                                           std::string_view bytes);

/// Renames within `directory` and syncs it. Errors as durable_replace().
[[nodiscard]] Result<void> durable_rename(FileSystem& files, int directory, std::string_view from,
                                          std::string_view to);

/// Removes `name` and syncs the directory; a name that does not exist is no error. Errors as
/// durable_replace().
[[nodiscard]] Result<void> durable_remove(FileSystem& files, int directory, std::string_view name);

/// Makes `path` and its missing parents, mode 0700, each durably. Error StorageFailed.
[[nodiscard]] Result<void> make_directories(FileSystem& files, const std::string& path);

/// Removes temporary files that a crash left behind; failures are ignored.
void remove_stale_temporaries(FileSystem& files, int directory);

/// Whether a link may be followed: never out of the directory.
enum class Links { Refuse, Beneath };

/// Returns the whole file. Error NotFound; StorageFailed: it cannot be read; Corrupt: it is no
/// regular file, or longer than `bytes_max`.
[[nodiscard]] Result<std::string> read_file(FileSystem& files, int directory, std::string_view name,
                                            std::size_t bytes_max, Links links);

}  // namespace betrace::storage
