// What the write-ahead log of a generation says of itself, before SQLite opens it.
//
// SQLite reads a WAL up to the first frame that is not whole and takes the rest for a commit that
// was cut off by a crash. If whole commits lie behind that frame it is damage, and numbers that
// were visible would be given out again. Changes nothing. Format: sqlite.org/walformat.html.
#pragma once

#include <cstdint>

#include "betrace/base/result.h"
#include "betrace/storage/file_system.h"

namespace betrace::storage {

enum class WalState : std::uint8_t {
  Missing,  ///< There is no file.
  Empty,    ///< It holds no frame.
  Whole,    ///< Nothing speaks against it.
  Damaged,  ///< Commits lie behind a frame that is not what was written.
};

/// Reads all of `file` from where it stands. Damage to the newest commit looks like a commit that
/// was cut off, and is not found. Requires: before the first commit after a crash all was moved
/// into the database, so that at most one commit is cut off. Error StorageFailed. Cost: linear in
/// the file.
[[nodiscard]] Result<WalState> inspect_wal(FileSystem& files, int file);

}  // namespace betrace::storage
