#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "betrace/storage/faulty_file_system.h"
#include "betrace/storage/log_generation.h"
#include "betrace/storage/test_log.h"

// Goal: a start that was cut off or refused at any step costs neither numbers nor gaps, and says
// what is wrong.
// Method: the files that such a start leaves are made by hand, or any one call of it fails.

namespace betrace::storage {
namespace {

class ViolationLogRecoveryTest : public TestLog {
 protected:
  // The first generation is as if it had been found damaged, and nothing had followed.
  void set_first_aside() {
    for (const char* suffix : {"", "-wal", "-shm"}) {
      std::error_code ignored;
      std::filesystem::rename(
          path(name(1) + suffix),
          path(std::string("log-000001.corrupt-20260131T064000.000000Z.db") + suffix), ignored);
    }
  }
};

TEST_F(ViolationLogRecoveryTest, AKillAfterSettingAsideLosesNeitherTheNumbersNorTheGap) {
  const std::uint64_t last = write_five();
  set_first_aside();
  EXPECT_EQ(last_sequence(), last + 2) << "start and gap";
  EXPECT_TRUE(has_file(name(2)));
  EXPECT_EQ(gaps(2, "\"cause\":\"corrupt\""), 1);
  EXPECT_EQ(gaps(2, set_aside()[0]), 1);
}

TEST_F(ViolationLogRecoveryTest, AKillBeforeTheFirstRecordOfTheNextGenerationLosesNoGap) {
  const std::uint64_t last = write_five();
  set_first_aside();
  GenerationStart start;
  start.number = 2;
  start.log_id = "betrace/default/local/00000000";
  start.first_seq = last + 1;
  ASSERT_TRUE(LogGeneration::create(path(name(2)), start, {}).has_value());
  directory_.write("state/" + name(2) + "-wal", "");
  EXPECT_EQ(last_sequence(), last + 2);
  EXPECT_EQ(gaps(2, "\"cause\":\"corrupt\""), 1);
}

TEST_F(ViolationLogRecoveryTest, AnUnfinishedGenerationIsRemoved) {
  const std::uint64_t last = write_five();
  directory_.write("state/" + name(2), "");
  EXPECT_EQ(last_sequence(), last + 1);
  EXPECT_FALSE(log().status().started_after_crash);
  EXPECT_FALSE(has_file(name(2)));
  EXPECT_EQ(gaps(1, ""), 0);
  stop();
  {
    auto made = Database::open(path(name(2)), Database::Mode::Create).value();
    ASSERT_TRUE(made.text("PRAGMA journal_mode=WAL").has_value());
  }
  EXPECT_EQ(last_sequence(), last + 3) << "stop and start";
  EXPECT_FALSE(has_file(name(2)));
  EXPECT_TRUE(set_aside().empty());
}

TEST_F(ViolationLogRecoveryTest, ADirectoryThatCannotBeMadeIsAnError) {
  FaultyFileSystem files;
  files.forbid_directories();
  options_.files = &files;
  const auto opened = ViolationLog::open(options_);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::StorageFailed);
  EXPECT_NE(opened.error().message.find("state.path"), std::string::npos);
}

TEST_F(ViolationLogRecoveryTest, AnyFileCallMayFailAndTheNextStartIsSound) {
  const std::uint64_t last = write_five();
  FaultyFileSystem files;
  for (const bool is_damaged : {false, true}) {
    for (int call = 0; call < 40; ++call) {
      const TestDirectory copy;
      std::filesystem::copy(path(name(1)), copy.file(name(1)));
      std::filesystem::copy(path(name(1) + "-wal"), copy.file(name(1) + "-wal"));
      if (is_damaged) copy.write(name(1), std::string(20'000, 'x'));
      ViolationLogOptions options = options_;
      options.path = copy.path();
      options.files = &files;
      files.fail_at(call, EIO);
      static_cast<void>(ViolationLog::open(options));
      files.heal();
      const auto opened = ViolationLog::open(options);
      ASSERT_TRUE(opened.has_value()) << call << ": " << opened.error().message;
      EXPECT_GT((*opened)->status().last_sequence, last) << call;
    }
  }
}

TEST_F(ViolationLogRecoveryTest, TheLockEndsWithItsProcess) {
  int channel[2];
  ASSERT_EQ(::pipe(channel), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto opened = ViolationLog::open(options_);
    const char told = opened.has_value() ? 'y' : 'n';
    if (::write(channel[1], &told, 1) == 1) ::pause();
    ::_exit(1);
  }
  char told = 'n';
  ASSERT_EQ(::read(channel[0], &told, 1), 1);
  ASSERT_EQ(told, 'y');
  const auto refused = ViolationLog::open(options_);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::FailedPrecondition);
  EXPECT_NE(refused.error().message.find("process " + std::to_string(child)), std::string::npos);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(last_sequence(), 2u) << "both start records";
  EXPECT_TRUE(log().status().started_after_crash);
}

TEST_F(ViolationLogRecoveryTest, TwoCommitsThatWereCutOffAreNoDamage) {
  constexpr std::size_t kFrameBytes = 24 + 4'096;
  const std::string wal_name = "state/" + name(1) + "-wal";
  const auto torn_commit = [](const std::string& wal) {
    std::string frame(kFrameBytes, '\0');
    frame[7] = 1;  // pages of the database: the last frame of a commit
    return frame.replace(8, 8, wal.substr(16, 8));
  };
  record(0, 5);
  crash();
  std::string wal = directory_.read(wal_name);
  directory_.write(wal_name, wal + std::string(40 * kFrameBytes, '\0') + torn_commit(wal));
  record(5, 6);  // less than what lies there
  crash();
  wal = directory_.read(wal_name);
  directory_.write(wal_name,
                   wal.replace(wal.size() - 2 * kFrameBytes, kFrameBytes, torn_commit(wal)));
  EXPECT_EQ(total(), 6U);
  EXPECT_LT(last_sequence(), kSequenceSkip);
  EXPECT_FALSE(has_file(name(2)));
}

}  // namespace
}  // namespace betrace::storage
