// What a damaged generation still holds: groups that verify, copied into a clean file.
//
// Used by log_mender, on a thread of its own; the file that was set aside is only read. Source:
// docs/internals/violation_log.md, "Files that were set aside".
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/evidence/key_ring.h"
#include "betrace/storage/log_check.h"
#include "betrace/storage/log_format.h"

namespace betrace::storage {

/// A generation that was set aside, and what is known of it.
struct SalvageTask {
  std::string name;           ///< Of the file that was set aside.
  std::string path;           ///< Its place.
  std::string target;         ///< The clean file is made here, anew.
  GenerationStart start;      ///< Where it began, if its own row cannot say it.
  std::uint64_t end_seq = 0;  ///< Where the generation after it begins.
  evidence::KeyRing ring{};   ///< Of the log.
};

struct Salvaged {
  GenerationStart start;
  std::uint64_t groups = 0;         ///< 0: nothing verifies, and there is no clean file.
  std::vector<SequenceRange> lost;  ///< What of [start, end) was not copied; rising, at most 1,000.
};

/// Copies every group whose commit, signature, leaves and root are what was written: same rows,
/// same hashes. The clean file needs no WAL but is not synced. Error StorageFailed: it could not be
/// written; Unavailable: stopped. Cost: all of the file.
[[nodiscard]] Result<Salvaged> salvage(const SalvageTask& task,
                                       const std::atomic<bool>& is_stopped);

}  // namespace betrace::storage
