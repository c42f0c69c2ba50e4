// A lock on a file that the kernel frees with its process.
//
// `rules.lock` is taken for each rule change, `LOCK` of the state directory for life. Waiting is
// polling, since open-file-description locks know no time-out.
#pragma once

#include <chrono>
#include <string>

#include "betrace/base/result.h"
#include "betrace/storage/file_system.h"

namespace betrace::storage {

/// Takes the lock file `name`, made if it is missing, and returns its handle; closing it releases
/// the lock. Error Unavailable: it was taken for all of `wait`. FailedPrecondition: it may not be
/// written. StorageFailed: any other failure.
[[nodiscard]] Result<FileHandle> take_lock(FileSystem& files, int directory,
                                           const std::string& name, std::chrono::milliseconds wait);

}  // namespace betrace::storage
