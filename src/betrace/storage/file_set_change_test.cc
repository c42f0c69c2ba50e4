#include "betrace/storage/file_set_change.h"

#include <gtest/gtest.h>

#include <limits>

#include "betrace/base/test_directory.h"

// Goal: several files are changed together or not at all, also when the disk fails for good in the
// middle of it. Method: one sync and all after it fail, then the disk is well again.

namespace betrace::storage {
namespace {

constexpr int kNone = std::numeric_limits<int>::max();

class SyncsFail : public FileSystem {
 public:
  int sync(int file) override { return syncs++ < failing_from ? FileSystem::sync(file) : -EIO; }

  int syncs = 0;
  int failing_from = kNone;
};

class FileSetChangeTest : public ::testing::Test {
 protected:
  FileSetChangeTest() { std::filesystem::create_directories(directory_.file(".betrace")); }

  Result<void> change(int failing_from) {
    for (const char* name : {"a", "b", "c"}) directory_.write(name, "old");
    files_.syncs = 0;
    files_.failing_from = failing_from;
    const FileHandle handle(files_, files_.open_directory(directory_.path()));
    auto changed = apply_changes(files_, handle.number(),
                                 {{"a", "old", "new"}, {"b", "old", "new"}, {"c", "old", {}}});
    files_.failing_from = kNone;
    return changed;
  }
  void recover() {
    const FileHandle handle(files_, files_.open_directory(directory_.path()));
    ASSERT_TRUE(recover_changes(files_, handle.number()).has_value());
  }
  std::string content() {
    return directory_.read("a") + directory_.read("b") + directory_.read("c");
  }

  TestDirectory directory_;
  SyncsFail files_;
};

TEST_F(FileSetChangeTest, ADiskThatFailsForGoodLeavesNoHalfOfAChange) {
  ASSERT_TRUE(change(kNone).has_value());
  EXPECT_EQ(content(), "newnew");
  const int syncs = files_.syncs;
  int half_done = 0;
  for (int k = 0; k < syncs; ++k) {
    SCOPED_TRACE(k);
    const auto changed = change(k);
    const std::string left = content();
    half_done += left != "oldoldold" && left != "newnew" ? 1 : 0;
    recover();
    const bool is_refused = !changed && changed.error().code == ErrorCode::StorageFailed;
    EXPECT_TRUE(content() == "oldoldold" || (content() == "newnew" && !is_refused)) << content();
    EXPECT_FALSE(directory_.has(kJournalName));
  }
  EXPECT_GT(half_done, 0) << "no sync failed in the middle";
}

}  // namespace
}  // namespace betrace::storage
