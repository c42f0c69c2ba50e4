// A file system of its own for one test: in memory and small, or on a loop device that can be shut
// down as if the power had gone. Needs root; tests skip, loudly, where it cannot be had.
#pragma once

#include <string>

#include "betrace/base/result.h"
#include "betrace/base/test_directory.h"

namespace betrace::storage {

/// Unmounted and removed at the end of its scope.
class SmallVolume {
 public:
  enum class Kind { Memory, LoopDevice };
  /// Mounts one of that size. Error Unavailable: the system does not allow it, or has no tools.
  [[nodiscard]] static Result<SmallVolume> mount(Kind kind, std::size_t bytes);
  SmallVolume(SmallVolume&& other) noexcept;
  SmallVolume& operator=(SmallVolume&&) = delete;
  ~SmallVolume();

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// Writes all that is pending to the device.
  void sync() const;
  /// Cuts the power: nothing reaches the device any more, not even the journal of the file system.
  [[nodiscard]] Result<void> shut_down() const;
  /// Power is back. Requires: no file of it is open.
  [[nodiscard]] Result<void> mount_again() const;

 private:
  SmallVolume() = default;
  [[nodiscard]] Result<void> attach(std::size_t bytes);

  std::unique_ptr<TestDirectory> directory_;
  std::string path_;
  std::string device_;  // empty: memory
};

}  // namespace betrace::storage
