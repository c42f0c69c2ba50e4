#include "betrace/storage/log_backup.h"

#include <gtest/gtest.h>

#include "betrace/storage/faulty_file_system.h"
#include "betrace/storage/test_turns.h"

// Goal: a copy is whole, verified and can be started from; one that fails leaves nothing behind.
// Method: a log with a sealed and an active file is copied while it runs and when it is stopped.

namespace betrace::storage {
namespace {

using namespace std::chrono_literals;

class LogBackupTest : public TestTurns {
 protected:
  void write_two() {
    record(0, 10);
    rotate();
    record(10, 20);
  }
  [[nodiscard]] std::string target() const { return directory_.file("copy"); }
  // A log on the copy has all violations.
  void expect_whole() {
    ViolationLogOptions options = options_;
    options.path = target();
    const auto copy = ViolationLog::open(options);
    ASSERT_TRUE(copy.has_value()) << copy.error().message;
    EXPECT_EQ((*copy)->query({})->total, 20u);
  }
};

TEST_F(LogBackupTest, ARunningLogIsCopiedAndGoesOn) {
  write_two();
  const auto report = log().back_up(target());
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_EQ(report->path, target());
  EXPECT_EQ(report->files, 2u);
  EXPECT_EQ(report->records.first, 1u);
  EXPECT_EQ(report->records.last, last_sequence());
  EXPECT_EQ(directory_.read("copy/keys.json"), directory_.read("state/keys.json"));
  EXPECT_FALSE(directory_.has("copy/keys")) << "private ones stay where they are";
  EXPECT_FALSE(directory_.has("copy/LOCK"));
  record(20, 21);
  EXPECT_EQ(total(), 21u);
  expect_whole();
}

TEST_F(LogBackupTest, AStoppedLogIsCopied) {
  write_two();
  const std::uint64_t last = last_sequence();
  stop();
  const auto report = back_up_stopped_log(real_file_system(), options_.path, target(), kTestTime);
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_EQ(report->records.last, last + 1) << "stop";
  expect_whole();
  EXPECT_EQ(total(), 20u);
  EXPECT_FALSE(log().status().started_after_crash) << "copying leaves no trace in it";
}

TEST_F(LogBackupTest, ALogThatIsInUseNamesItsOwner) {
  log();
  const auto refused = back_up_stopped_log(real_file_system(), options_.path, target(), kTestTime);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::FailedPrecondition);
  EXPECT_NE(refused.error().message.find("in use by process"), std::string::npos);
}

TEST_F(LogBackupTest, NothingIsOverwritten) {
  write_two();
  directory_.write("copy", "mine");
  EXPECT_EQ(log().back_up(target()).error().code, ErrorCode::AlreadyExists);
  EXPECT_EQ(directory_.read("copy"), "mine");
}

TEST_F(LogBackupTest, WhereThereIsNoLogNothingIsMade) {
  const auto refused =
      back_up_stopped_log(real_file_system(), directory_.file("none"), target(), kTestTime);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::NotFound);
  EXPECT_FALSE(directory_.has("none"));
  EXPECT_FALSE(directory_.has("copy"));
}

TEST_F(LogBackupTest, WhateverFileCallFailsNothingIsLeftThatLooksLikeACopy) {
  FaultyFileSystem files;
  options_.files = &files;
  write_two();
  int call = 0;
  for (;; ++call) {
    files.fail_at(call, ENOSPC);
    const auto report = log().back_up(target());
    const bool has_failed = files.has_failed();
    files.heal();
    EXPECT_TRUE(!report || directory_.has("copy")) << call;
    if (!has_failed) break;
    for (const std::string& name : directory_.names()) EXPECT_FALSE(name.starts_with(".")) << call;
    std::filesystem::remove_all(target());
  }
  EXPECT_GT(call, 4);
  crash();
  options_.files = nullptr;
  expect_whole();
}

}  // namespace
}  // namespace betrace::storage
