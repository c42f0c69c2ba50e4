#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "betrace/storage/faulty_file_system.h"
#include "betrace/storage/log_format.h"
#include "betrace/storage/test_turns.h"

// Goal: a file of the log is followed by the next at its size and age, and then changes no more;
// nothing is lost, doubled or hidden by it, wherever a call fails.
// Method: the clock stands still unless a test moves it; any one call of the file system fails.

namespace betrace::storage {
namespace {

using namespace std::chrono_literals;

class ViolationLogRotationTest : public TestTurns {
 protected:
  FaultyFileSystem files_;

  [[nodiscard]] mode_t mode_of(int generation) const {
    struct stat status {};
    return ::stat(path(name(generation)).c_str(), &status) == 0 ? status.st_mode & 0777 : 0;
  }
  // The file is as nobody changes it any more.
  [[nodiscard]] bool is_sealed(int generation) const {
    const std::string bytes = directory_.read("state/" + name(generation));
    return bytes.size() > 100 && bytes[18] == 1 && bytes[19] == 1 && mode_of(generation) == 0400 &&
           !has_file(name(generation) + "-wal") && !has_file(name(generation) + "-journal");
  }
};

TEST_F(ViolationLogRotationTest, AtItsAgeAFileIsFollowedByTheNextAndSealed) {
  record(0, 3);
  advance(options_.generation_age_max - 1ns);
  turn();
  EXPECT_FALSE(has_file(name(2)));
  advance(1ns);
  turns(3);
  EXPECT_TRUE(has_file(name(2)));
  EXPECT_TRUE(is_sealed(1));
  EXPECT_FALSE(is_sealed(2));
  record(3, 6);
  EXPECT_EQ(total(), 6u);
  EXPECT_EQ(ask(2, "SELECT count(*) FROM record WHERE type = 1"), 3);
}

TEST_F(ViolationLogRotationTest, AtItsSizeAFileIsFollowedByTheNext) {
  options_.generation_bytes_max = 256 * 1024;
  for (std::uint64_t i = 0; i < 200; i += 10) record(i, i + 10);
  turns(3);
  EXPECT_TRUE(is_sealed(1));
  EXPECT_LT(std::filesystem::file_size(path(name(1))), 512u * 1024);
  EXPECT_EQ(total(), 200u);
}

TEST_F(ViolationLogRotationTest, TheChainGoesOnWithoutAHole) {
  record(0, 3);
  rotate();
  record(3, 6);
  EXPECT_EQ(ask(2, "SELECT first_seq FROM generation"), ask(1, "SELECT max(seq) + 1 FROM record"));
  const std::uint64_t last = last_sequence();
  stop();
  EXPECT_EQ(last_sequence(), last + 2) << "stop and start";
  EXPECT_FALSE(log().status().started_after_crash);
  EXPECT_TRUE(set_aside().empty());
  EXPECT_TRUE(is_sealed(1));
  EXPECT_EQ(total(), 6u);
}

TEST_F(ViolationLogRotationTest, StateAndPositionMoveOn) {
  ASSERT_TRUE(log().append_rule_change(test_rule_change(1)).has_value());
  log().move_export(kExportSink, {2, {{1, 1, "sink_error", 3, 7}}});
  turn();
  rotate();
  stop();
  EXPECT_EQ(log().recorded_rules()->at("rule").revision, 1u);
  EXPECT_EQ(log().export_position(kExportSink)->cursor, 2u);
  EXPECT_EQ(log().export_position(kExportSink)->parked.size(), 1u);
  EXPECT_EQ(ask(2, "SELECT count(*) FROM parked"), 1);
}

TEST_F(ViolationLogRotationTest, AViolationOfASealedFileIsRecordedOnce) {
  record(0, 3);
  log().record(first_record(early_violation(9)));
  rotate();
  record(0, 3);
  log().record(final_record(9));
  ASSERT_TRUE(log().flush(60s).has_value());
  EXPECT_EQ(log().status().repeats, 3u);
  EXPECT_EQ(total(), 4u);
  EXPECT_EQ(log().find(early_violation(9).key.id())->violation.spans_seen, 12u);
}

TEST_F(ViolationLogRotationTest, ALogWithoutRecordsIsNotFollowed) {
  log();
  rotate();
  const auto files = [this] { return directory_.names().size(); };
  EXPECT_TRUE(has_file(name(2)));
  stop();
  log();
  EXPECT_FALSE(has_file(name(3))) << files();
}

TEST_F(ViolationLogRotationTest, SealingWaitsForWhoReads) {
  record(0, 3);
  {
    auto reader = Database::open(path(name(1)), Database::Mode::ReadOnly).value();
    ASSERT_TRUE(reader.integer("SELECT count(*) FROM record").has_value());
    rotate();
    EXPECT_TRUE(has_file(name(2)));
    EXPECT_FALSE(is_sealed(1));
    record(3, 4);
    EXPECT_EQ(total(), 4u);
  }
  turns(2);
  EXPECT_TRUE(is_sealed(1));
}

TEST_F(ViolationLogRotationTest, WhateverFileCallFailsNothingIsLostAndTheNextTryRotates) {
  options_.files = &files_;
  for (const bool and_all_later : {false, true}) {
    for (int call = 0; call < 12; ++call) {
      std::filesystem::remove_all(path(""));
      record(0, 3);
      files_.fail_at(call, call % 2 == 0 ? EIO : ENOSPC, and_all_later);
      rotate();
      record(3, 6);
      files_.heal();
      rotate();
      EXPECT_TRUE(has_file(name(2))) << call;
      EXPECT_TRUE(is_sealed(1)) << call;
      EXPECT_FALSE(log().status().is_failing);
      stop();
      EXPECT_EQ(total(), 6u) << call;
      EXPECT_TRUE(set_aside().empty()) << call;
      stop();
    }
  }
}

TEST_F(ViolationLogRotationTest, ASealedFileOfWhichAByteChangesShowsNothingThatWasAltered) {
  record(0, 40);
  rotate();
  record(40, 41);
  stop();
  const std::string bytes = directory_.read("state/" + name(1));
  const std::string newest = directory_.read("state/" + name(2));
  const std::string wal = directory_.read("state/" + name(2) + "-wal");
  for (std::size_t offset = 0; offset < bytes.size(); offset += 1'009) {
    std::filesystem::remove_all(path(""));
    std::filesystem::create_directory(path(""));
    directory_.write("state/" + name(1), bytes);
    directory_.write("state/" + name(2), newest);
    directory_.write("state/" + name(2) + "-wal", wal);
    flip(name(1), offset);
    const auto opened = ViolationLog::open(options_);
    if (!opened && opened.error().code == ErrorCode::Unsupported) continue;
    ASSERT_TRUE(opened.has_value()) << offset << opened.error().message;
    for (std::uint64_t i = 0; i < 41; ++i) {
      const auto found = (*opened)->find(test_violation(i).key.id());
      EXPECT_TRUE(!found || found->violation.message == test_violation(i).message) << offset;
    }
  }
}

TEST_F(ViolationLogRotationTest, ASealedFileThatIsTheNewestIsFollowedByTheNext) {
  record(0, 3);
  rotate();
  stop();
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path(name(2) + suffix));
  record(3, 4);
  EXPECT_EQ(total(), 4u);
  EXPECT_EQ(gaps(2, "\"cause\":\"wal_missing\""), 1) << "what followed it may be lost";
}

}  // namespace
}  // namespace betrace::storage
