#include "betrace/storage/durable_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "betrace/base/test_directory.h"
#include "betrace/storage/faulty_file_system.h"

// Goal: a file is replaced as a whole or not at all, and the error says which.
// Method: every single call of the replacement fails once.

namespace betrace::storage {
namespace {

class DurableFileTest : public ::testing::Test {
 protected:
  DurableFileTest() : handle_(files_, files_.open_directory(directory_.path())) {}

  Result<void> replace(std::string_view bytes) {
    return durable_replace(files_, handle_.number(), "file", bytes);
  }

  TestDirectory directory_;
  FaultyFileSystem files_;
  FileHandle handle_;
};

TEST_F(DurableFileTest, WritesAndReplaces) {
  ASSERT_TRUE(replace("one").has_value());
  ASSERT_TRUE(replace("two").has_value());
  EXPECT_EQ(directory_.read("file"), "two");
  EXPECT_EQ(directory_.names(), std::vector<std::string>{"file"});
  struct stat status {};
  ASSERT_EQ(::stat(directory_.file("file").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(DurableFileTest, EveryFailingCallLeavesOldOrNewWhole) {
  ASSERT_TRUE(replace("old").has_value());
  files_.fail_at(1'000, EIO);
  ASSERT_TRUE(replace("old").has_value());
  const int calls = files_.count();
  ASSERT_EQ(calls, 6) << "open, write, fsync, close, rename, fsync of the directory";
  for (int k = 0; k < calls; ++k) {
    files_.fail_at(k, k % 2 == 0 ? EIO : ENOSPC);
    const auto result = replace("new");
    ASSERT_FALSE(result.has_value()) << k;
    const bool is_last = k == calls - 1;
    EXPECT_EQ(result.error().code,
              is_last ? ErrorCode::StorageUncertain : ErrorCode::StorageFailed);
    EXPECT_EQ(directory_.read("file"), is_last ? "new" : "old") << k;
    EXPECT_EQ(directory_.names(), std::vector<std::string>{"file"}) << k;
  }
}

TEST_F(DurableFileTest, ShortAndInterruptedWritesAreContinued) {
  files_.fail_at(1, 0, false, FaultyFileSystem::Fault::ShortWrite);
  ASSERT_TRUE(replace("content").has_value());
  EXPECT_EQ(directory_.read("file"), "content");
  files_.fail_at(1, 0, false, FaultyFileSystem::Fault::Interrupted);
  ASSERT_TRUE(replace("content 2").has_value());
  EXPECT_EQ(directory_.read("file"), "content 2");
}

TEST_F(DurableFileTest, ARealFileSizeLimitIsAStorageError) {
  ASSERT_TRUE(replace("old").has_value());
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 4096;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto result = replace(std::string(8192, 'x'));
  ::setrlimit(RLIMIT_FSIZE, &before);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().message, "cannot write file: file too large");
  EXPECT_EQ(directory_.read("file"), "old");
}

TEST_F(DurableFileTest, RemovesAndRenames) {
  ASSERT_TRUE(replace("x").has_value());
  ASSERT_TRUE(durable_rename(files_, handle_.number(), "file", "other").has_value());
  EXPECT_EQ(directory_.names(), std::vector<std::string>{"other"});
  ASSERT_TRUE(durable_remove(files_, handle_.number(), "other").has_value());
  ASSERT_TRUE(durable_remove(files_, handle_.number(), "other").has_value());
  EXPECT_TRUE(directory_.names().empty());
}

TEST_F(DurableFileTest, OnlyStaleTemporaryFilesAreRemoved) {
  for (const char* name : {".rule.json.tmp-0123abcd", "rule.tmp-1", ".hidden"}) {
    directory_.write(name, "x");
  }
  remove_stale_temporaries(files_, handle_.number());
  EXPECT_EQ(directory_.names(), (std::vector<std::string>{".hidden", "rule.tmp-1"}));
}

TEST_F(DurableFileTest, ReadsWithinBoundsAndDirectory) {
  TestDirectory outside;
  outside.write("secret", "s");
  directory_.write("file", "12345");
  ASSERT_EQ(::symlink("file", directory_.file("link").c_str()), 0);
  ASSERT_EQ(::symlink(outside.file("secret").c_str(), directory_.file("escape").c_str()), 0);
  ::mkfifo(directory_.file("pipe").c_str(), 0600);
  const auto read = [&](const char* name, std::size_t bytes_max, Links links) {
    return read_file(files_, handle_.number(), name, bytes_max, links);
  };
  EXPECT_EQ(read("file", 5, Links::Refuse).value(), "12345");
  EXPECT_EQ(read("link", 5, Links::Beneath).value(), "12345");
  EXPECT_EQ(read("file", 4, Links::Refuse).error().code, ErrorCode::Corrupt);
  EXPECT_EQ(read("link", 5, Links::Refuse).error().code, ErrorCode::Corrupt);
  EXPECT_EQ(read("escape", 5, Links::Beneath).error().code, ErrorCode::Corrupt);
  EXPECT_EQ(read("none", 5, Links::Beneath).error().code, ErrorCode::NotFound);
  EXPECT_EQ(read(".", 5, Links::Beneath).error().code, ErrorCode::Corrupt);
  EXPECT_EQ(read("pipe", 5, Links::Beneath).value_or(""), "");
}

}  // namespace
}  // namespace betrace::storage
