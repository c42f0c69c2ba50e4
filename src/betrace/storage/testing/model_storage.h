// The rule store and the violation log on a DiskModel, with a journal that outlives each of their
// lives.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string>

#include "betrace/base/test_directory.h"
#include "betrace/storage/testing/disk_model.h"
#include "betrace/storage/testing/model_file_system.h"
#include "betrace/storage/testing/model_vfs.h"
#include "betrace/storage/testing/storage_judge.h"

namespace betrace::storage {

/// A count of cases: `make test` has time for `quick`, the environment may ask for more.
inline std::uint64_t test_count(const char* variable, std::uint64_t quick) {
  const char* text = std::getenv(variable);
  return text == nullptr ? quick : std::strtoull(text, nullptr, 10);
}

/// Between two looks at how far others are, who need the processor meanwhile.
inline constexpr std::chrono::microseconds kLookAgain{100};

class ModelStorage {
 public:
  ModelStorage() : directory_(fast_folder()), disk(directory_.path()), files_(disk), vfs_(disk) {
    make_storage_folders(directory_.path());
  }

  /// A life that has not begun.
  [[nodiscard]] StorageWorkload life() {
    return {{directory_.path(), &files_, [this] { return disk.has_power(); }, &passed_}, journal};
  }
  /// Opens what is on disk and judges it. The workload is ready to go on.
  void judge(StorageWorkload& workload) {
    const auto opened = workload.open();
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    judge_storage(journal, workload);
    judge_copies(journal, directory_.path());
  }

 private:
  TestDirectory directory_;

 public:
  DiskModel disk;
  StorageJournal journal;

 private:
  ModelFileSystem files_;
  ModelVfs vfs_;
  std::atomic<std::uint64_t> passed_{0};
};

}  // namespace betrace::storage
