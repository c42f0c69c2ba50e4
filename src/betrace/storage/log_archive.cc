#include "betrace/storage/log_archive.h"

#include "betrace/storage/log_backup.h"

namespace betrace::storage {

Result<std::unique_ptr<LogReader>> open_log_archive(const std::string& path) {
  const auto generations = find_generations(real_file_system(), path);
  if (!generations) return fail(generations.error());
  return LogReader::open(*generations);
}

}  // namespace betrace::storage
