#include "betrace/storage/log_salvage.h"

#include <gtest/gtest.h>

#include "betrace/storage/test_turns.h"

// Goal: of a file that was set aside every group that verifies is read again, and what is lost is
// named, once; the log does not wait for it.
// Method: the first of two files is damaged in one place or in many, and the log is opened.

namespace betrace::storage {
namespace {

using namespace std::chrono_literals;

class LogSalvageTest : public TestTurns {
 protected:
  // 40 violations, each in a group of its own, in the first file; one in the second.
  void write_two() {
    for (std::uint64_t i = 0; i < 40; ++i) record(i, i + 1);
    rotate();
    record(40, 41);
    stop();
  }
  // Alters the payload of one violation, and its file is set aside when it is looked at.
  void alter(std::uint64_t number) {
    run(1,
        "DROP TRIGGER record_kept;"
        "UPDATE record SET payload = CAST(payload || ' ' AS BLOB) WHERE type = 1 AND "
        "instr(payload, '\"message\":\"violation " +
            std::to_string(number) + "\"') > 0");
  }
  // Until the mender is done.
  void open_and_mend() {
    log();
    for (int i = 0; i < 10'000 && newest_gaps("\"cause\":\"salvaged\"") == 0; ++i) turns(1);
    EXPECT_EQ(newest_gaps("\"cause\":\"salvaged\""), 1);
  }
  std::int64_t newest_gaps(const std::string& text) { return gaps(2, text); }
  std::string bytes_of(int generation, const std::string& select) {
    auto database = Database::open(path(name(generation)), Database::Mode::ReadOnly).value();
    return database.text(select).value();
  }
};

constexpr const char* kAllRows =
    "SELECT group_concat(hex(payload) || hex(leaf) || seq || group_seq, ';') FROM record "
    "WHERE seq > 20";
constexpr const char* kAllGroups =
    "SELECT group_concat(hex(payload) || hex(hash) || hex(signature), ';') FROM commit_group "
    "WHERE last_seq > 20";

TEST_F(LogSalvageTest, GroupsThatVerifyAreReadAgainAndTheRestIsNamed) {
  write_two();
  const std::string rows = bytes_of(1, kAllRows);
  const std::string groups = bytes_of(1, kAllGroups);
  alter(3);
  const std::int64_t lost = ask(1,
                                "SELECT seq FROM record WHERE type = 1 ORDER BY seq LIMIT 1 "
                                "OFFSET 3");
  open_and_mend();
  EXPECT_EQ(set_aside().size(), 1u);
  EXPECT_EQ(total(), 40u);
  EXPECT_FALSE(has(3));
  EXPECT_TRUE(has(0));
  EXPECT_TRUE(has(39));
  EXPECT_EQ(bytes_of(1, kAllRows), rows);
  EXPECT_EQ(bytes_of(1, kAllGroups), groups);
  const std::string range = std::to_string(lost) + "," + std::to_string(lost);
  EXPECT_EQ(newest_gaps("\"cause\":\"salvaged\",\"count\":1"), 1);
  EXPECT_EQ(newest_gaps("\"ranges\":[[" + range + "]]"), 1);
}

TEST_F(LogSalvageTest, AGroupWithAnotherSignatureIsNotCopied) {
  write_two();
  alter(3);
  run(1,
      "DROP TRIGGER commit_group_kept;"
      "UPDATE commit_group SET signature = zeroblob(64) WHERE last_seq = "
      "(SELECT seq FROM record WHERE type = 1 ORDER BY seq LIMIT 1 OFFSET 7)");
  open_and_mend();
  EXPECT_EQ(total(), 39u);
  EXPECT_FALSE(has(3));
  EXPECT_FALSE(has(7));
  EXPECT_EQ(newest_gaps("\"cause\":\"salvaged\",\"count\":2"), 1);
}

TEST_F(LogSalvageTest, DamageThatAnAnswerMeetsSetsTheFileAsideWhileTheLogGoesOn) {
  for (std::uint64_t i = 0; i < 20; ++i) record(i, i + 1);
  turns(2);
  EXPECT_FALSE(has_file(name(2)));
  alter(3);
  turns(2);
  EXPECT_TRUE(set_aside().empty()) << "nobody has looked";
  EXPECT_FALSE(has(3));
  for (int i = 0; i < 10'000 && !has_file(name(2)); ++i) turns(1);
  record(20, 21);
  open_and_mend();
  EXPECT_EQ(set_aside().size(), 1u);
  EXPECT_EQ(newest_gaps("\"cause\":\"corrupt\""), 1);
  EXPECT_EQ(total(), 20u) << "all but the one that was altered";
  EXPECT_FALSE(has(3));
  EXPECT_TRUE(has(20));
}

TEST_F(LogSalvageTest, DamageThatAnAnswerMeetsSetsAnOlderFileAside) {
  write_two();
  log();
  alter(3);
  EXPECT_FALSE(has(3));
  open_and_mend();
  EXPECT_EQ(set_aside().size(), 1u);
  EXPECT_EQ(total(), 40u);
  EXPECT_FALSE(has_file(name(3))) << "the log goes on in its file";
}

TEST_F(LogSalvageTest, ItIsDoneOnce) {
  write_two();
  alter(3);
  open_and_mend();
  stop();
  EXPECT_EQ(total(), 40u);
  turns(5);
  stop();
  EXPECT_EQ(newest_gaps("\"cause\":\"salvaged\""), 1);
  EXPECT_EQ(newest_gaps("\"cause\":\"corrupt\""), 1);
  EXPECT_EQ(set_aside().size(), 1u);
}

TEST_F(LogSalvageTest, WhatACrashCutOffIsDoneOnceMore) {
  write_two();
  alter(3);
  log();
  crash();
  directory_.write("state/.log-000001.db.tmp-clean", "half of it");
  open_and_mend();
  EXPECT_EQ(total(), 40u);
  EXPECT_FALSE(has_file(".log-000001.db.tmp-clean"));
}

TEST_F(LogSalvageTest, AFileOfWhichNothingVerifiesIsNamedAsAWhole) {
  write_two();
  const std::int64_t last = ask(1, "SELECT max(seq) FROM record");
  directory_.write("state/" + name(1), std::string(20'000, 'x'));
  open_and_mend();
  EXPECT_FALSE(has_file(name(1)));
  EXPECT_EQ(newest_gaps("\"ranges\":[[1," + std::to_string(last) + "]]"), 1);
  EXPECT_EQ(total(), 1u);
}

TEST_F(LogSalvageTest, WhateverPageIsSpoiltNothingAlteredIsCopiedAndNearlyAllIsFound) {
  write_two();
  const std::string bytes = directory_.read("state/" + name(1));
  const std::atomic<bool> is_stopped{false};
  std::uint64_t found = 0;
  const std::size_t pages = bytes.size() / 4'096;
  for (std::size_t page = 0; page < pages; ++page) {
    std::string damaged = bytes;
    damaged.replace(page * 4'096, 4'096, 4'096, '\x5A');
    directory_.write("damaged.db", damaged);
    std::filesystem::remove(directory_.file("clean.db"));
    SalvageTask task;
    task.path = directory_.file("damaged.db");
    task.target = directory_.file("clean.db");
    task.end_seq = static_cast<std::uint64_t>(ask(2, "SELECT first_seq FROM generation"));
    const auto salvaged = salvage(task, is_stopped);
    ASSERT_TRUE(salvaged.has_value()) << page << salvaged.error().message;
    if (salvaged->groups == 0) continue;
    auto clean = Database::open(task.target, Database::Mode::ReadOnly).value();
    const auto start = read_start(clean).value();
    const auto tail = check_chain(clean, start, task.end_seq, Holes::Allow, is_stopped);
    EXPECT_TRUE(tail.has_value()) << page << tail.error().message;
    found += salvaged->groups;
  }
  EXPECT_GT(found, 40u * pages / 2) << "a page holds few of the groups";
}

TEST_F(LogSalvageTest, AStoppedSalvageLeavesTheFileThatWasSetAside) {
  write_two();
  SalvageTask task;
  task.path = path(name(1));
  task.target = directory_.file("clean.db");
  task.end_seq = 99;
  const std::atomic<bool> is_stopped{true};
  EXPECT_EQ(salvage(task, is_stopped).error().code, ErrorCode::Unavailable);
}

TEST_F(LogSalvageTest, WhatAnInputOutputErrorHasPartedIsSealedAfterTheNextStart) {
  record(0, 3);
  stop();
  std::filesystem::remove(path(name(1) + "-wal"));  // makes the next generation
  record(3, 4);
  stop();
  log();
  for (int i = 0; i < 10'000; ++i) {
    turns(1);
    if (directory_.read("state/" + name(1))[18] == 1) break;
  }
  EXPECT_EQ(directory_.read("state/" + name(1))[18], 1);
  EXPECT_EQ(total(), 4u);
}

}  // namespace
}  // namespace betrace::storage
