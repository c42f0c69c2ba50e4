// What takes long and may not hold up the log: salvage of files that were set aside, and the check
// of whole generations, before they are sealed or when an answer has met damage.
//
// A thread of its own, owned by log_writer, which gives it tasks and takes what has become of them.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/storage/file_system.h"
#include "betrace/storage/log_salvage.h"
#include "betrace/storage/log_walk.h"

namespace betrace::storage {

/// What has become of a file that was set aside.
struct SalvageDone {
  SalvageTask task;
  Result<Salvaged> salvaged;  ///< Its file, if there is one, is synced.
};

/// What the check of a generation has shown. Error Corrupt: it is not what was written.
struct CheckDone {
  std::uint64_t number = 0;
  Result<void> checked;
};

/// Thread-safe. The thread begins with the first task and ends with the object.
class LogMender {
 public:
  explicit LogMender(FileSystem& files) : files_(files) {}
  ~LogMender();

  void add(SalvageTask task);
  void add(ReadableGeneration generation, Holes holes);
  [[nodiscard]] std::vector<SalvageDone> take_salvaged();
  [[nodiscard]] std::vector<CheckDone> take_checked();

 private:
  void begin();
  void run();
  [[nodiscard]] Result<Salvaged> salvage_synced(const SalvageTask& task) const;
  [[nodiscard]] Result<void> check(const ReadableGeneration& generation, Holes holes) const;

  FileSystem& files_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<SalvageTask> salvages_;
  std::deque<std::pair<ReadableGeneration, Holes>> checks_;
  std::vector<SalvageDone> salvaged_;
  std::vector<CheckDone> checked_;
  std::atomic<bool> is_stopped_{false};
  std::thread thread_;
};

}  // namespace betrace::storage
