// The seam between storage and the kernel: every file call of this module goes through it.
//
// Tests replace it to let any single call fail; everything else uses real_file_system(). SQLite
// does its own I/O and is not behind it.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "betrace/base/time.h"

namespace betrace::storage {

/// What tells one version of a file from the next.
struct FileStamp {
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;
  bool is_regular = false;
  bool is_world_writable = false;  ///< Without the sticky bit.
  mode_t mode = 0;                 ///< Rights alone.
  uid_t owner = 0;

  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

/// Calls as in POSIX, but failures come back as -errno. Names are relative to `directory`.
/// Thread-safe.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  /// `path` relative to the working directory; read only.
  virtual int open_directory(const std::string& path);
  virtual int make_directory(const std::string& path, mode_t mode);
  virtual int open(int directory, const std::string& name, int flags, mode_t mode);
  /// Opens for reading; links are followed only beneath `directory`.
  virtual int open_beneath(int directory, const std::string& name);
  virtual ssize_t read(int file, void* bytes, std::size_t count);
  virtual ssize_t write(int file, const void* bytes, std::size_t count);
  virtual int sync(int file);
  virtual int close(int file);
  virtual int rename(int directory, const std::string& from, const std::string& to);
  virtual int unlink(int directory, const std::string& name);
  /// Only an empty one.
  virtual int remove_directory(int directory, const std::string& name);
  /// Follows links.
  virtual int stamp(int directory, const std::string& name, FileStamp* out);
  virtual int list(int directory, std::vector<std::string>* names);
  /// By name, so that no descriptor of the file is closed.
  virtual int change_mode(int directory, const std::string& name, mode_t mode);
  /// Gives the file that many bytes of the device.
  virtual int allocate(int file, std::uint64_t bytes);
  /// Size of the volume, full or not.
  virtual int volume_size(int directory, std::uint64_t* bytes);
  /// Takes the whole file for this open file description without waiting; -EAGAIN if it is taken.
  virtual int try_lock(int file);
};

/// The kernel.
[[nodiscard]] FileSystem& real_file_system() noexcept;

/// A file or directory that is closed at the end of its scope. Movable.
class FileHandle {
 public:
  FileHandle() = default;
  FileHandle(FileSystem& files, int number) : files_(&files), number_(number) {}
  FileHandle(FileHandle&& other) noexcept { *this = std::move(other); }
  FileHandle& operator=(FileHandle&& other) noexcept;
  ~FileHandle() { reset(); }

  [[nodiscard]] int number() const noexcept { return number_; }
  [[nodiscard]] bool is_open() const noexcept { return number_ >= 0; }
  /// Gives the number away; the caller closes it.
  [[nodiscard]] int release() noexcept;
  void reset() noexcept;

 private:
  FileSystem* files_ = nullptr;
  int number_ = -1;
};

/// `no space left on device`: the text of an errno, lower case.
[[nodiscard]] std::string errno_text(int number);

/// True if the system does not allow it: rights, or a read-only file system.
[[nodiscard]] bool is_forbidden(int negative_errno) noexcept;

/// Between the name of a file that was set aside and the time: `.corrupt-`.
inline constexpr std::string_view kCorruptMark = ".corrupt-";

/// Returns the UTC time as it stands in file names: `20261125T101500.123456Z`.
[[nodiscard]] std::string file_time(UnixNanos time);

}  // namespace betrace::storage
