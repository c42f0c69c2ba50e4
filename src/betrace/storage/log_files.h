// The state directory as files: its lock and owner, and the files of generations by number.
//
// Used by log_directory, which knows what they mean. Opens no database.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/base/time.h"
#include "betrace/storage/file_system.h"
#include "betrace/storage/log_wal.h"

namespace betrace::storage {

/// Generations by the names of their files.
struct LogListing {
  std::vector<std::uint64_t> numbers;  ///< Rising.
  std::string last_set_aside;          ///< Name, of the highest number; empty if there is none.
  std::size_t set_aside_count = 0;
};

/// One thread. Every error is StorageFailed unless it is said, and names `state.path`.
class LogFiles {
 public:
  LogFiles(FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}

  /// Makes the directory if it is missing and locks it for life. Error FailedPrecondition, naming
  /// the owner: another process has it.
  [[nodiscard]] Result<void> take(UnixNanos now);

  [[nodiscard]] Result<LogListing> list();

  /// Makes the recovery of `name` read the device, and says in what state its WAL is.
  [[nodiscard]] Result<WalState> settle(const std::string& name);

  /// Makes the file of a generation, empty and for its owner alone; what an attempt that failed
  /// has left is removed.
  [[nodiscard]] Result<void> make(std::uint64_t number);
  /// Removes a generation with what SQLite has beside it.
  [[nodiscard]] Result<void> remove(std::uint64_t number);
  /// Renames a generation with what SQLite has beside it.
  [[nodiscard]] Result<void> set_aside(std::uint64_t number, const std::string& new_name);
  /// Makes what was made, removed or renamed last.
  [[nodiscard]] Result<void> sync();

  /// True if SQLite would take the file for a new database.
  [[nodiscard]] bool is_empty(const std::string& name) const;
  /// Bytes of a generation and its WAL.
  [[nodiscard]] std::uint64_t size_of(std::uint64_t number) const;
  [[nodiscard]] std::string path_of(std::string_view name) const;
  [[nodiscard]] bool is_on_network() const noexcept { return is_on_network_; }

 private:
  void write_owner(UnixNanos now);

  FileSystem& files_;
  std::string path_;
  FileHandle directory_;
  FileHandle lock_;
  bool is_on_network_ = false;
};

}  // namespace betrace::storage
