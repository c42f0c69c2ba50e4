#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "betrace/storage/log_generation.h"
#include "betrace/storage/test_log.h"

// Goal: whatever has become of the files, the log opens, tells what is lost, shows nothing that was
// altered, and gives no sequence number twice.
// Method: a log is written, closed in order or as by a kill, its files are damaged, and it is
// opened again.

namespace betrace::storage {
namespace {

using namespace std::chrono_literals;

// Alters the newest payload and leaves all else as it was.
constexpr const char* kAlterNewest =
    "DROP TRIGGER record_kept;"
    "UPDATE record SET payload = CAST(payload || ' ' AS BLOB) "
    "WHERE seq = (SELECT max(seq) FROM record);"
    "CREATE TRIGGER record_kept BEFORE UPDATE ON record\n"
    "  BEGIN SELECT RAISE(ABORT, 'records are never changed'); END";

// One byte of each field of the header of an SQLite file.
constexpr std::size_t kHeaderFields[] = {0,  16, 18, 19, 20, 21, 22, 23, 27, 31, 35, 39,
                                         43, 47, 51, 55, 59, 62, 63, 67, 71, 75, 95, 99};

class ViolationLogRecoveryTest : public TestLog {
 protected:
  // Five violations in the first generation, closed in order; returns its last sequence.
  std::uint64_t write_five() {
    record(0, 5);
    stop();
    return static_cast<std::uint64_t>(ask(1, "SELECT max(seq) FROM record"));
  }

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

TEST_F(ViolationLogRecoveryTest, AnAlteredRecordSetsItsFileAside) {
  const std::uint64_t last = write_five();
  run(1, kAlterNewest);
  EXPECT_TRUE(log().status().started_after_crash);
  EXPECT_EQ(last_sequence(), last + 2) << "start and gap: the last number could be read";
  EXPECT_EQ(log().status().quarantined, 1u);
  ASSERT_EQ(set_aside().size(), 1u);
  EXPECT_FALSE(has_file(name(1)));
  EXPECT_EQ(gaps(2, "\"cause\":\"corrupt\""), 1);
  EXPECT_EQ(gaps(2, set_aside()[0]), 1);
  EXPECT_EQ(gaps(2, "\"ranges\":[[1," + std::to_string(last) + "]]"), 1);
  EXPECT_EQ(total(), 0u);
  record(5, 6);
  EXPECT_TRUE(has(5));
}

TEST_F(ViolationLogRecoveryTest, AFileThatCannotBeReadSkipsMoreNumbersThanItCanHold) {
  const std::uint64_t last = write_five();
  directory_.write("state/" + name(1), std::string(20'000, 'x'));
  EXPECT_GT(last_sequence(), last);
  EXPECT_GE(last_sequence(), kSequenceSkip);
  EXPECT_EQ(gaps(2, "\"cause\":\"corrupt\""), 1);
}

TEST_F(ViolationLogRecoveryTest, AnyFieldOfTheHeaderMayBeDamaged) {
  const std::uint64_t last = write_five();
  const std::string bytes = directory_.read("state/" + name(1));
  const std::string wal = directory_.read("state/" + name(1) + "-wal");
  for (const bool has_wal : {true, false}) {
    for (const std::size_t offset : kHeaderFields) {
      std::filesystem::remove_all(path(""));
      std::filesystem::create_directory(path(""));
      directory_.write("state/" + name(1), bytes);
      if (has_wal) directory_.write("state/" + name(1) + "-wal", wal);
      flip(name(1), offset);
      const auto opened = ViolationLog::open(options_);
      if (!opened && opened.error().code == ErrorCode::Unsupported) continue;
      ASSERT_TRUE(opened.has_value()) << offset << ": " << opened.error().message;
      EXPECT_GT((*opened)->status().last_sequence, last) << offset;
    }
  }
}

TEST_F(ViolationLogRecoveryTest, AnyPageMayBeDamaged) {
  record(0, 60);
  const auto shown = log().query({}).value();
  stop();
  const auto last = static_cast<std::uint64_t>(ask(1, "SELECT max(seq) FROM record"));
  const std::string bytes = directory_.read("state/" + name(1));
  for (std::size_t page = 0; page < bytes.size() / 4'096; ++page) {
    for (const char filler : {'\0', '\xFF'}) {
      std::filesystem::remove_all(path(""));
      std::filesystem::create_directory(path(""));
      std::string damaged = bytes;
      std::fill_n(damaged.begin() + static_cast<std::ptrdiff_t>(page * 4'096), 4'096, filler);
      directory_.write("state/" + name(1), damaged);
      EXPECT_GT(last_sequence(), last) << page;
      for (std::uint64_t i = 0; i < 60; ++i) {
        const auto found = log().find(test_violation(i).key.id());
        EXPECT_TRUE(!found || found->violation.message == test_violation(i).message);
      }
      stop();
    }
  }
}

TEST_F(ViolationLogRecoveryTest, ATruncatedFileIsSetAside) {
  const std::uint64_t last = write_five();
  for (const bool has_wal : {true, false}) {
    for (const std::uint64_t size : {0U, 1U, 100U, 4'096U, 10'000U}) {
      const TestDirectory copy;
      std::filesystem::copy(path(name(1)), copy.file(name(1)));
      if (has_wal) std::filesystem::copy(path(name(1) + "-wal"), copy.file(name(1) + "-wal"));
      if (size <= 1 && !has_wal) continue;  // as a file that was never finished
      std::filesystem::resize_file(copy.file(name(1)), size);
      ViolationLogOptions options = options_;
      options.path = copy.path();
      const auto opened = ViolationLog::open(options);
      ASSERT_TRUE(opened.has_value()) << size << ": " << opened.error().message;
      EXPECT_GT((*opened)->status().last_sequence, last) << size << has_wal;
    }
  }
}

TEST_F(ViolationLogRecoveryTest, AMissingWalSkipsNumbersButKeepsWhatIsInTheFile) {
  const std::uint64_t last = write_five();
  std::filesystem::remove(path(name(1) + "-wal"));
  EXPECT_GE(last_sequence(), last + kSequenceSkip);
  EXPECT_EQ(total(), 5u);
  EXPECT_EQ(gaps(2, "\"cause\":\"wal_missing\""), 1);
  EXPECT_TRUE(set_aside().empty());
}

TEST_F(ViolationLogRecoveryTest, AMissingWalThatHeldAllRecordsSkipsNumbersToo) {
  record(0, 5);
  const std::uint64_t last = last_sequence();
  crash();
  ASSERT_EQ(std::filesystem::file_size(path(name(1) + "-wal")) > 0, true);
  std::filesystem::remove(path(name(1) + "-wal"));
  EXPECT_GT(last_sequence(), last);
}

TEST_F(ViolationLogRecoveryTest, ADamagedFileWithoutItsWalHasNoCertainEnd) {
  const std::uint64_t last = write_five();
  record(5, 9);  // in the WAL only
  crash();
  run(1, kAlterNewest);
  std::filesystem::remove(path(name(1) + "-wal"));
  flip(name(1), std::filesystem::file_size(path(name(1))) - 2);
  EXPECT_GT(last_sequence(), last + 6);
}

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

TEST_F(ViolationLogRecoveryTest, ANewerMajorFormatIsRefusedAndNotTouched) {
  write_five();
  run(1, "PRAGMA user_version=200");
  run(1, "PRAGMA wal_checkpoint(TRUNCATE)");
  run(1, "PRAGMA journal_mode=DELETE");
  const std::string bytes = directory_.read("state/" + name(1));
  const auto opened = ViolationLog::open(options_);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::Unsupported);
  EXPECT_TRUE(directory_.read("state/" + name(1)) == bytes);
  EXPECT_FALSE(has_file(name(2)));
}

TEST_F(ViolationLogRecoveryTest, ANewerMinorFormatIsReadAndNotAppendedTo) {
  const std::uint64_t last = write_five();
  run(1, "ALTER TABLE record ADD COLUMN later TEXT; PRAGMA user_version=101");
  EXPECT_EQ(last_sequence(), last + 1) << "start";
  EXPECT_EQ(total(), 5u);
  EXPECT_TRUE(has_file(name(2)));
  EXPECT_EQ(ask(1, "SELECT max(seq) FROM record"), static_cast<std::int64_t>(last));
}

TEST_F(ViolationLogRecoveryTest, AnotherSchemaOrVersionIsDamage) {
  const char* const kChanges[] = {"CREATE TABLE other (a)", "DROP TRIGGER record_kept",
                                  "DROP INDEX record_time", "PRAGMA user_version=7",
                                  "PRAGMA application_id=7"};
  int generation = 1;
  for (const char* change : kChanges) {
    log();
    stop();
    run(generation++, change);
    EXPECT_EQ(log().status().quarantined, static_cast<std::size_t>(generation - 1)) << change;
    stop();
  }
}

TEST_F(ViolationLogRecoveryTest, AnOlderGenerationThatIsDamagedIsSetAside) {
  write_five();
  std::filesystem::remove(path(name(1) + "-wal"));  // makes the next generation
  record(5, 7);
  const std::uint64_t last = last_sequence();
  stop();
  directory_.write("state/" + name(1), std::string(20'000, 'x'));
  EXPECT_EQ(last_sequence(), last + 3) << "stop, start and gap";
  EXPECT_EQ(set_aside().size(), 1u);
  EXPECT_EQ(total(), 2u);
  EXPECT_EQ(gaps(2, "\"cause\":\"corrupt\""), 1);
}

TEST_F(ViolationLogRecoveryTest, AnOlderGenerationThatLostItsEndIsSetAside) {
  write_five();
  std::filesystem::remove(path(name(1) + "-wal"));
  record(5, 7);
  stop();
  run(1,
      "DROP TRIGGER commit_group_not_deleted;"
      "DELETE FROM commit_group WHERE last_seq = (SELECT max(last_seq) FROM commit_group);"
      "CREATE TRIGGER commit_group_not_deleted BEFORE DELETE ON commit_group\n"
      "  BEGIN SELECT RAISE(ABORT, 'groups are never deleted'); END");
  EXPECT_EQ(total(), 2u);
  EXPECT_EQ(set_aside().size(), 1u);
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

}  // namespace
}  // namespace betrace::storage
