// The log of a state directory, read without owning it: beside a running service, or after it.
//
// Used by reports. Changes nothing and takes no lock; sees what was committed when it was opened,
// and what is committed to the newest generation later.
#pragma once

#include <memory>
#include <string>

#include "betrace/base/result.h"
#include "betrace/storage/log_reader.h"

namespace betrace::storage {

/// Error NotFound: there is no log. Corrupt, Unsupported: of the format of a generation.
[[nodiscard]] Result<std::unique_ptr<LogReader>> open_log_archive(const std::string& path);

}  // namespace betrace::storage
