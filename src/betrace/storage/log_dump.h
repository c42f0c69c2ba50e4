// Every record of a log, as it was committed, for other tools.
//
// Used by `betrace log dump`. Takes no lock and changes nothing, so it works while the log is in
// use, on a stopped log and on a copy.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "betrace/base/result.h"
#include "betrace/storage/file_system.h"
#include "betrace/storage/log_format.h"

namespace betrace::storage {

struct DumpedRecord {
  std::uint64_t sequence = 0;
  std::uint64_t group_sequence = 0;  ///< First of its group.
  std::string leaf;                  ///< 64 hex.
  std::string mac;                   ///< `v1:<kid>:<64 hex>`; empty: none.
  std::string payload;               ///< Canonical JSON.
  bool is_altered = false;           ///< The payload is not what was committed.
};

/// Gives each record of the range, in order, to `look`; a `last` of 0 is the newest. Error
/// NotFound: there is no log; Corrupt, Unsupported: a file cannot be read.
[[nodiscard]] Result<void> dump_log(FileSystem& files, const std::string& path,
                                    const SequenceRange& range,
                                    const std::function<void(const DumpedRecord&)>& look);

}  // namespace betrace::storage
