// What a finished copy of the violation log is.
#pragma once

#include <cstdint>
#include <string>

#include "betrace/storage/log_format.h"

namespace betrace::storage {

/// What was read back from the copy and verified.
struct BackupReport {
  std::string path;
  std::uint64_t files = 0;
  SequenceRange records;  ///< 0: none.
};

}  // namespace betrace::storage
