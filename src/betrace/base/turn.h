// A mutex whose lock may be waited for within a bound.
//
// For what takes long, such as a change of rules with its writes to disk; short sections use
// std::mutex. std::timed_mutex is not used because GCC's ThreadSanitizer does not see its waits.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace betrace {

/// Fits std::lock_guard and std::unique_lock. Thread-safe.
class Turn {
 public:
  void lock() {
    std::unique_lock lock(mutex_);
    freed_.wait(lock, [this] { return !is_taken_; });
    is_taken_ = true;
  }

  [[nodiscard]] bool try_lock() { return try_lock_for(std::chrono::nanoseconds(0)); }

  /// False: somebody else had it all the time.
  [[nodiscard]] bool try_lock_for(std::chrono::nanoseconds wait) {
    std::unique_lock lock(mutex_);
    if (!freed_.wait_for(lock, wait, [this] { return !is_taken_; })) return false;
    is_taken_ = true;
    return true;
  }

  void unlock() {
    const std::lock_guard lock(mutex_);
    is_taken_ = false;
    freed_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable freed_;
  bool is_taken_ = false;
};

}  // namespace betrace
