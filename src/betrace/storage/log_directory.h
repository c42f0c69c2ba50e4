// The state directory: its lock, its generations, and which of them is appended to.
//
// Owned by the violation log. Opens the newest generation, sets a damaged one aside, begins the
// next one. Source: the page on reliability, sections 2.4, 3.4 and 3.5.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/storage/file_system.h"
#include "betrace/storage/log_generation.h"
#include "betrace/storage/log_reader.h"
#include "betrace/storage/violation_log.h"

namespace betrace::storage {

/// What open() had to do that must be told in the log.
struct LogRecovery {
  bool is_new = false;       ///< There was no log.
  bool crashed = false;      ///< The last record was no `stop`.
  bool was_corrupt = false;  ///< The newest generation was set aside.
};

/// One thread, except for generations().
class LogDirectory {
 public:
  /// Locks the directory for life and opens the newest generation for appending. Errors as
  /// ViolationLog::open().
  [[nodiscard]] static Result<std::unique_ptr<LogDirectory>> open(
      const ViolationLogOptions& options);

  [[nodiscard]] LogGeneration& active() noexcept { return *active_; }
  [[nodiscard]] const LogRecovery& recovery() const noexcept { return recovery_; }

  /// Begins the next generation after one whose handle may not be used again. `set_aside`: the old
  /// file is renamed `log-<n>.corrupt-<time>.db` and not read any more; else it stays readable up
  /// to the first sequence of the next one.
  [[nodiscard]] Result<void> begin_next(bool set_aside, UnixNanos now);

  /// Readable files, oldest first.
  [[nodiscard]] std::vector<ReadableGeneration> readable() const { return readable_; }
  [[nodiscard]] std::size_t quarantined() const noexcept { return quarantined_; }
  [[nodiscard]] std::uint64_t byte_count() const;
  [[nodiscard]] bool is_on_network() const noexcept { return is_on_network_; }

 private:
  LogDirectory() : files_(real_file_system()) {}
  Result<void> lock(const std::string& path, UnixNanos now);
  Result<void> list();
  Result<void> open_newest(UnixNanos now);
  Result<void> begin(const GenerationStart& start);
  Result<void> set_aside(std::uint64_t number, UnixNanos now);
  Result<void> settle(const std::string& name);
  [[nodiscard]] std::string path_of(std::uint64_t number) const;

  FileSystem& files_;
  std::string path_;
  FileHandle directory_;
  FileHandle lock_;
  std::string new_log_id_;
  std::vector<std::uint64_t> numbers_;  // ascending, the active one last
  std::vector<ReadableGeneration> readable_;
  std::unique_ptr<LogGeneration> active_;
  LogRecovery recovery_;
  std::size_t quarantined_ = 0;
  bool is_on_network_ = false;
};

}  // namespace betrace::storage
