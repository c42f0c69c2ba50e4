#include "betrace/storage/log_wal.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "betrace/base/test_directory.h"
#include "betrace/storage/sqlite.h"

// Goal: a WAL with commits behind a damaged frame is told from one whose last commit was cut off.
// Method: SQLite writes one with a commit of one frame each; bytes of it are changed.

namespace betrace::storage {
namespace {

constexpr std::size_t kFrameBytes = 24 + 4'096;
constexpr std::size_t kFrames = 8;

std::size_t frame(std::size_t number) { return 32 + number * kFrameBytes; }

class LogWalTest : public ::testing::Test {
 protected:
  LogWalTest() {
    auto database = Database::open(directory_.file("db"), Database::Mode::Create).value();
    EXPECT_TRUE(database.text("PRAGMA journal_mode=WAL").has_value());
    EXPECT_TRUE(database.exec("PRAGMA wal_autocheckpoint=0").has_value());
    EXPECT_TRUE(database.exec("PRAGMA user_version=100").has_value());
    for (std::size_t i = 1; i < kFrames; ++i) {
      EXPECT_TRUE(database.exec("PRAGMA user_version=" + std::to_string(i)).has_value());
    }
    bytes_ = directory_.read("db-wal");
    EXPECT_EQ(bytes_.size(), frame(kFrames));
  }

  WalState inspect(const std::string& bytes) {
    directory_.write("wal", bytes);
    const int file = ::open(directory_.file("wal").c_str(), O_RDONLY);
    const auto state = inspect_wal(real_file_system(), file);
    ::close(file);
    return state.value();
  }
  WalState flipped(std::size_t offset) {
    std::string bytes = bytes_;
    bytes[offset] = static_cast<char>(bytes[offset] ^ 1);
    return inspect(bytes);
  }

  TestDirectory directory_;
  std::string bytes_;
};

TEST_F(LogWalTest, AWholeOneIsWhole) { EXPECT_EQ(inspect(bytes_), WalState::Whole); }

TEST_F(LogWalTest, OneWithoutFramesIsEmpty) {
  EXPECT_EQ(inspect(""), WalState::Empty);
  EXPECT_EQ(inspect(bytes_.substr(0, 32)), WalState::Empty);
  EXPECT_EQ(inspect(std::string(32, 'x')), WalState::Empty);
}

TEST_F(LogWalTest, OneThatEndsInAFrameWasCutOff) {
  EXPECT_EQ(inspect(bytes_.substr(0, frame(3) + 100)), WalState::Whole);
}

TEST_F(LogWalTest, ADamagedHeaderHidesAllCommits) {
  for (std::size_t offset = 0; offset < 32; ++offset) {
    EXPECT_EQ(flipped(offset), WalState::Damaged) << offset;
  }
}

TEST_F(LogWalTest, AnyByteOfAnEarlierCommitIsDamage) {
  for (std::size_t offset = frame(2); offset < frame(3);
       offset += offset < frame(2) + 24 ? 1 : 61) {
    ASSERT_EQ(flipped(offset), WalState::Damaged) << offset - frame(2);
  }
}

TEST_F(LogWalTest, DamageToTheLastCommitLooksLikeOneThatWasCutOff) {
  EXPECT_EQ(flipped(frame(kFrames - 1) + 500), WalState::Whole);
}

TEST_F(LogWalTest, FramesOfAnEarlierRoundAreNotDamage) {
  auto database = Database::open(directory_.file("db"), Database::Mode::ReadWrite).value();
  ASSERT_TRUE(database.exec("PRAGMA wal_checkpoint(RESTART)").has_value());
  ASSERT_TRUE(database.exec("PRAGMA user_version=200").has_value());
  EXPECT_EQ(inspect(directory_.read("db-wal")), WalState::Whole);
}

TEST_F(LogWalTest, WhatCannotBeReadIsAnError) {
  EXPECT_EQ(inspect_wal(real_file_system(), -1).error().code, ErrorCode::StorageFailed);
}

}  // namespace
}  // namespace betrace::storage
