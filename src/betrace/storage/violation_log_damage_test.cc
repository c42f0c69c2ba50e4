#include <gtest/gtest.h>

#include "betrace/storage/log_format.h"
#include "betrace/storage/test_log.h"

// Goal: whatever has become of the files, the log opens, tells what is lost, shows nothing that was
// altered, and gives no sequence number twice.
// Method: a log is written, closed in order or as by a kill, its files are damaged, and it is
// opened again.

namespace betrace::storage {
namespace {

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

class ViolationLogDamageTest : public TestLog {};

TEST_F(ViolationLogDamageTest, AnAlteredRecordSetsItsFileAside) {
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

TEST_F(ViolationLogDamageTest, ARecordThatIsAlteredWhileTheLogIsOpenIsNeverShown) {
  // While the clock stands nobody looks around, so that the file stays where it is.
  options_.clock = [still = read_clocks()] { return still; };
  record(0, 5);
  record(5, 6);
  run(1,
      "DROP TRIGGER record_kept;"
      "UPDATE record SET payload = CAST(replace(CAST(payload AS TEXT), 'violation 3', "
      "'violation X') AS BLOB)");
  EXPECT_TRUE(has(2));
  const auto altered = log().find(test_violation(3).key.id());
  ASSERT_FALSE(altered.has_value()) << altered->violation.message;
  EXPECT_EQ(altered.error().code, ErrorCode::Corrupt);
  EXPECT_FALSE(log().query({}).has_value());
}

TEST_F(ViolationLogDamageTest, AFileThatCannotBeReadSkipsMoreNumbersThanItCanHold) {
  const std::uint64_t last = write_five();
  directory_.write("state/" + name(1), std::string(20'000, 'x'));
  EXPECT_GT(last_sequence(), last);
  EXPECT_GE(last_sequence(), kSequenceSkip);
  EXPECT_EQ(gaps(2, "\"cause\":\"corrupt\""), 1);
}

TEST_F(ViolationLogDamageTest, AnyFieldOfTheHeaderMayBeDamaged) {
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

TEST_F(ViolationLogDamageTest, AnyPageMayBeDamaged) {
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

TEST_F(ViolationLogDamageTest, ATruncatedFileIsSetAside) {
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

TEST_F(ViolationLogDamageTest, AMissingWalSkipsNumbersButKeepsWhatIsInTheFile) {
  const std::uint64_t last = write_five();
  std::filesystem::remove(path(name(1) + "-wal"));
  EXPECT_GE(last_sequence(), last + kSequenceSkip);
  EXPECT_EQ(total(), 5u);
  EXPECT_EQ(gaps(2, "\"cause\":\"wal_missing\""), 1);
  EXPECT_TRUE(set_aside().empty());
}

TEST_F(ViolationLogDamageTest, AMissingWalThatHeldAllRecordsSkipsNumbersToo) {
  record(0, 5);
  const std::uint64_t last = last_sequence();
  crash();
  ASSERT_EQ(std::filesystem::file_size(path(name(1) + "-wal")) > 0, true);
  std::filesystem::remove(path(name(1) + "-wal"));
  EXPECT_GT(last_sequence(), last);
}

TEST_F(ViolationLogDamageTest, ADamagedFileWithoutItsWalHasNoCertainEnd) {
  const std::uint64_t last = write_five();
  record(5, 9);  // in the WAL only
  crash();
  run(1, kAlterNewest);
  std::filesystem::remove(path(name(1) + "-wal"));
  flip(name(1), std::filesystem::file_size(path(name(1))) - 2);
  EXPECT_GT(last_sequence(), last + 6);
}

TEST_F(ViolationLogDamageTest, AnOlderGenerationThatIsDamagedIsSetAside) {
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

TEST_F(ViolationLogDamageTest, AnOlderGenerationThatLostItsEndIsSetAside) {
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

}  // namespace
}  // namespace betrace::storage
