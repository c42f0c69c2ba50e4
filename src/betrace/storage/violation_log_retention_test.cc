#include <gtest/gtest.h>

#include "betrace/storage/faulty_file_system.h"
#include "betrace/storage/log_format.h"
#include "betrace/storage/test_turns.h"

// Goal: whole files go, oldest first, after a record that says so; what goes is known also after a
// crash, and what no sink has goes for room only.
// Method: the clock stands still unless a test moves it; any one call of the file system fails.

namespace betrace::storage {
namespace {

using namespace std::chrono_literals;

class ViolationLogRetentionTest : public TestTurns {
 protected:
  // Ten violations in each of the first two files, and the third is begun.
  void write_two() {
    record(0, 10);
    rotate();
    record(10, 20);
    rotate();
  }
  void outlive(int generation) {
    EXPECT_TRUE(has_file(name(generation)));
    advance(options_.age_max - options_.generation_age_max / 2);
    turns(3);
  }
  [[nodiscard]] std::int64_t sum(LogRecordType type) const {
    std::int64_t total = 0;
    for (int generation = 1; generation < 9; ++generation) {
      if (has_file(name(generation))) total += count(generation, type);
    }
    return total;
  }
};

TEST_F(ViolationLogRetentionTest, AnOldFileGoesAfterARecordThatSaysSo) {
  write_two();
  const std::int64_t last = ask(1, "SELECT max(seq) FROM record");
  outlive(1);
  EXPECT_FALSE(has_file(name(1)));
  EXPECT_TRUE(has_file(name(2)));
  EXPECT_EQ(total(), 10u);
  EXPECT_FALSE(has(0));
  EXPECT_TRUE(has(10));
  EXPECT_EQ(log().status().removed_for_age, static_cast<std::uint64_t>(last));
  EXPECT_EQ(ask(4,
                "SELECT count(*) FROM record WHERE type = 12 AND instr(payload, "
                "'\"ranges\":[[1," +
                    std::to_string(last) + "]],\"reason\":\"age\"') > 0"),
            1);
}

TEST_F(ViolationLogRetentionTest, TheRecordNamesTheCommitAfterWhichTheChainGoesOn) {
  write_two();
  auto second = Database::open(path(name(2)), Database::Mode::ReadOnly).value();
  const std::string prev = second.text("SELECT lower(hex(prev)) FROM generation").value();
  second = Database();
  outlive(1);
  EXPECT_EQ(ask(4,
                "SELECT count(*) FROM record WHERE type = 12 AND instr(payload, "
                "'\"last_hash\":\"" +
                    prev + "\"') > 0"),
            1);
}

TEST_F(ViolationLogRetentionTest, WhatIsGoneStaysGoneAfterARestartAndTheLogIsSound) {
  write_two();
  outlive(1);
  stop();
  EXPECT_EQ(total(), 10u);
  EXPECT_TRUE(set_aside().empty());
  EXPECT_EQ(log().status().removed_for_age, 0u);
  stop();
  EXPECT_EQ(sum(LogRecordType::Retention), 1);
}

TEST_F(ViolationLogRetentionTest, ALogThatIsTooLargeLosesItsOldestFile) {
  options_.generation_bytes_max = 200 * 1024;
  options_.bytes_max = 1'000 * 1024;
  for (std::uint64_t i = 0; i < 1'000; i += 10) record(i, i + 10);
  turns(12);
  EXPECT_FALSE(has_file(name(1)));
  EXPECT_FALSE(has(0));
  EXPECT_TRUE(has(999));
  EXPECT_LE(log().status().file_bytes, options_.bytes_max);
  EXPECT_GT(log().status().removed_for_bytes, 0u);
  EXPECT_EQ(log().status().removed_for_age, 0u);
}

TEST_F(ViolationLogRetentionTest, TheVolumeBoundsIt) {
  struct SmallVolume : FileSystem {
    int volume_size(int /*directory*/, std::uint64_t* bytes) override {
      *bytes = 1'000 * 1024;
      return 0;
    }
  } files;
  options_.files = &files;
  EXPECT_EQ(log().status().bytes_max, 800u * 1024);
  stop();
}

TEST_F(ViolationLogRetentionTest, WhatNoSinkHasStaysUntilThereIsNoRoom) {
  options_.has_sink = true;
  write_two();
  outlive(1);
  EXPECT_TRUE(has_file(name(1)));
  const auto last = static_cast<std::uint64_t>(ask(1, "SELECT max(seq) FROM record"));
  log().move_export(kExportSink, {last, {}});
  turns(2);
  EXPECT_FALSE(has_file(name(1)));
  EXPECT_FALSE(log().status().has_removed_unexported);
}

TEST_F(ViolationLogRetentionTest, WhatGoesUnexportedForRoomIsNamed) {
  options_.has_sink = true;
  write_two();
  const std::int64_t last = ask(1, "SELECT max(seq) FROM record");
  log().move_export(kExportSink, {4, {}});
  stop();
  options_.bytes_max = log().status().file_bytes - 1;
  stop();
  turns(3);
  EXPECT_FALSE(has_file(name(1)));
  EXPECT_TRUE(log().status().has_removed_unexported);
  EXPECT_EQ(gaps(3, "\"cause\":\"retention_unexported\",\"count\":" + std::to_string(last - 4)), 1);
  EXPECT_EQ(gaps(3, "\"ranges\":[[5," + std::to_string(last) + "]]"), 1);
}

TEST_F(ViolationLogRetentionTest, AClockThatIsSetForwardRemovesNothing) {
  std::atomic<std::uint64_t> step{0};
  options_.clock = [this, &step] {
    const std::uint64_t elapsed = elapsed_.load();
    return Now{MonotonicTime(std::chrono::nanoseconds(elapsed)), kTestTime + elapsed + step.load()};
  };
  write_two();
  step = static_cast<std::uint64_t>(std::chrono::nanoseconds(2 * options_.age_max).count());
  turns(5);
  EXPECT_TRUE(has_file(name(1)));
  EXPECT_EQ(total(), 20u);
  stop();
}

TEST_F(ViolationLogRetentionTest, AFileThatOutlivedItsRecordGoesAtTheNextStart) {
  struct Undeletable : FileSystem {
    int unlink(int directory, const std::string& name) override {
      return name == "log-000001.db" ? -EIO : FileSystem::unlink(directory, name);
    }
  } files;
  options_.files = &files;
  write_two();
  outlive(1);
  EXPECT_TRUE(has_file(name(1)));
  EXPECT_EQ(total(), 10u) << "it is not read any more";
  crash();
  options_.files = nullptr;
  EXPECT_EQ(total(), 10u);
  EXPECT_FALSE(has_file(name(1)));
  stop();
  EXPECT_EQ(sum(LogRecordType::Retention), 1) << "it is told once";
  EXPECT_TRUE(set_aside().empty());
}

TEST_F(ViolationLogRetentionTest, WhateverFileCallFailsTheLogIsSoundAndTheFileGoesInTheEnd) {
  FaultyFileSystem files;
  options_.files = &files;
  for (int call = 0; call < 16; ++call) {
    std::filesystem::remove_all(path(""));
    write_two();
    files.fail_at(call, EIO, true);
    advance(options_.age_max);
    turns(2);
    crash();
    files.heal();
    turns(3);
    EXPECT_FALSE(has_file(name(1))) << call;
    EXPECT_TRUE(set_aside().empty()) << call;
    stop();
  }
}

}  // namespace
}  // namespace betrace::storage
