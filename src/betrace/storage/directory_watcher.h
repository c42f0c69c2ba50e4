// Waits until something happens in a directory, or for a time.
//
// app/ runs a thread on it that calls RuleStore::refresh(): inotify sees changes of this machine at
// once, the time-out those of others on a network file system.
#pragma once

#include <chrono>
#include <string>

namespace betrace::storage {

/// wait() belongs to one thread, wake() is thread-safe.
class DirectoryWatcher {
 public:
  /// A directory that cannot be watched is no error: then only the time-out counts.
  explicit DirectoryWatcher(const std::string& path);
  ~DirectoryWatcher();
  DirectoryWatcher(const DirectoryWatcher&) = delete;
  DirectoryWatcher& operator=(const DirectoryWatcher&) = delete;

  /// Returns when a file was written, moved or removed, on wake(), or after `timeout`; true unless
  /// the time ran out. Files whose name begins with a dot do not count, but for links that
  /// Kubernetes swaps (`..data`).
  bool wait(std::chrono::milliseconds timeout);

  /// Ends the current or the next wait().
  void wake() noexcept;

 private:
  int inotify_ = -1;
  int event_ = -1;
};

}  // namespace betrace::storage
