// The thread that takes up what others change in the rule directory, and tends the stores.
//
// Owned by app/service. It looks when the system reports a change, and each second besides.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "betrace/storage/directory_watcher.h"

namespace betrace::app {

/// Calls `look` on its own thread until it is destroyed; the calls never overlap. Not thread-safe.
class RuleWatcher {
 public:
  RuleWatcher(const std::string& path, std::chrono::milliseconds interval,
              std::function<void()> look);
  ~RuleWatcher();
  RuleWatcher(const RuleWatcher&) = delete;
  RuleWatcher& operator=(const RuleWatcher&) = delete;

 private:
  storage::DirectoryWatcher directory_;
  std::atomic<bool> is_stopping_{false};
  std::thread thread_;
};

}  // namespace betrace::app
