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
#include "betrace/evidence/key_ring.h"
#include "betrace/storage/file_system.h"
#include "betrace/storage/log_wal.h"

namespace betrace::storage {

/// Generations by the names of their files.
struct LogListing {
  std::vector<std::uint64_t> numbers;  ///< Rising.
  std::string last_set_aside;          ///< Name, of the highest number; empty if there is none.
  std::vector<std::string> set_aside;  ///< All such names.
};

/// One thread. Every error is StorageFailed unless it is said, and names `state.path`.
class LogFiles {
 public:
  LogFiles(FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}

  /// Makes the directory if it is missing and locks it for life. Error FailedPrecondition, naming
  /// the owner: another process has it.
  [[nodiscard]] Result<void> take(UnixNanos now);

  [[nodiscard]] Result<LogListing> list();

  /// Makes the recovery of `name` read the device, and says in what state its WAL is. The file
  /// may be written afterwards, sealed or not.
  [[nodiscard]] Result<WalState> settle(const std::string& name);

  /// Makes a file, `new_name()`, empty and for its owner alone, for what is to become a generation;
  /// what an attempt that failed has left is removed.
  [[nodiscard]] Result<void> make(std::uint64_t number);
  /// Makes it the file of the generation, with an empty WAL beside it: both are on disk, or there
  /// is no generation of that number. Requires: nobody has it open.
  [[nodiscard]] Result<void> finish(std::uint64_t number);
  /// Temporary, like `clean_name()`.
  [[nodiscard]] static std::string new_name(std::uint64_t number);
  /// Removes a generation with what SQLite has beside it.
  [[nodiscard]] Result<void> remove(std::uint64_t number);
  /// Removes one that holds nothing, so that no power cut leaves it without its WAL, as if that had
  /// been lost. The number must be given to the next one that is made.
  [[nodiscard]] Result<void> discard(std::uint64_t number);
  /// Renames a generation with what SQLite has beside it.
  [[nodiscard]] Result<void> set_aside(std::uint64_t number, const std::string& new_name);
  /// Lets nobody write the file of a generation by mistake.
  [[nodiscard]] Result<void> protect(std::uint64_t number);
  /// Puts a file that was salvaged, `clean_name()`, in the place of a generation.
  [[nodiscard]] Result<void> adopt(std::uint64_t number);
  /// Removes what an attempt has left of it.
  void remove_clean(std::uint64_t number) const;
  /// Temporary: what a crash leaves of it is removed at the next start.
  [[nodiscard]] static std::string clean_name(std::uint64_t number);
  /// Makes what was written to the file of a generation last. Requires: nobody writes to it.
  [[nodiscard]] Result<void> sync_file(std::uint64_t number);
  /// Makes what was made, removed or renamed last.
  [[nodiscard]] Result<void> sync();

  /// Takes `bytes` of the device for the time when it is full; nothing happens if they are taken.
  [[nodiscard]] Result<void> make_reserve(std::uint64_t bytes);
  /// Gives them back; false if there were none.
  bool free_reserve();

  /// True if SQLite would take the file for a new database.
  [[nodiscard]] bool is_empty(const std::string& name) const;
  /// A transaction that is neither whole nor undone lies beside the file, from a crash.
  [[nodiscard]] bool has_journal(std::uint64_t number) const;
  /// A WAL lies beside the file.
  [[nodiscard]] bool has_wal(std::uint64_t number) const;
  /// Bytes of a generation and its WAL.
  [[nodiscard]] std::uint64_t size_of(std::uint64_t number) const;
  /// Of the volume that the directory is on; 0 if it cannot be told.
  [[nodiscard]] std::uint64_t volume_bytes() const;
  [[nodiscard]] std::string path_of(std::string_view name) const;
  /// The public keys of the log; none if they cannot be read, which LogKeys::open() refuses.
  [[nodiscard]] evidence::KeyRing key_ring() const;
  [[nodiscard]] bool is_on_network() const noexcept { return is_on_network_; }

 private:
  void write_owner(UnixNanos now);
  [[nodiscard]] Result<void> create(const std::string& name);
  [[nodiscard]] Result<void> sync_file(const std::string& name);
  [[nodiscard]] bool has(const std::string& name) const;

  FileSystem& files_;
  std::string path_;
  FileHandle directory_;
  FileHandle lock_;
  bool is_on_network_ = false;
};

}  // namespace betrace::storage
