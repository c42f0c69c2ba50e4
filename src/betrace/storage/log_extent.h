// Which sequences a generation holds, as far as its file can say; and what is believed of a file
// that is damaged.
//
// Used by log_directory where nothing has the file open for writing. Reads on connections of its
// own. Source: docs/internals/violation_log.md, "When it is opened".
#pragma once

#include <cstdint>
#include <string>

#include "betrace/base/result.h"
#include "betrace/storage/log_generation.h"
#include "betrace/storage/log_wal.h"
#include "betrace/storage/log_walk.h"

namespace betrace::storage {

/// Start and end of a generation.
struct LogExtent {
  GenerationStart start;
  GenerationTail tail;
};

/// Reads them from the file at `path`, the end before `end_seq`. Error Corrupt; StorageFailed.
[[nodiscard]] Result<LogExtent> read_extent(const std::string& path, std::uint64_t end_seq);

/// The newest generation, of which nothing can be believed.
struct DamagedGeneration {
  std::string path;
  std::uint64_t number = 0;
  WalState wal = WalState::Missing;
};

/// What is known of the end of a log.
struct LearntTail {
  GenerationTail tail;          ///< No sequence above `last_seq` was given out.
  std::uint64_t first_seq = 0;  ///< The first that the damaged file may have held.
  std::string log_id;           ///< Empty if the file does not say it.
};

/// Bounds the numbers that were given out. Where it is not sure, more are skipped than the
/// generations since `before` can hold and have skipped. `before` is the last one that is not
/// damaged, null if there is none.
[[nodiscard]] LearntTail learn_tail(const DamagedGeneration& damaged,
                                    const ReadableGeneration* before);

}  // namespace betrace::storage
