#include "betrace/storage/log_check.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "betrace/base/test_directory.h"
#include "betrace/storage/log_format.h"
#include "betrace/storage/log_generation.h"
#include "betrace/storage/test_violations.h"

// Goal: a generation that is not what was written is never taken for one that is.
// Method: one generation with three groups of two records; one thing of it is changed by SQL, and
// each check is asked.

namespace betrace::storage {
namespace {

constexpr std::uint64_t kFirstSequence = 11;
constexpr const char* kUnlock =
    "DROP TRIGGER IF EXISTS record_kept; DROP TRIGGER IF EXISTS record_not_deleted;"
    "DROP TRIGGER IF EXISTS commit_group_kept; DROP TRIGGER IF EXISTS commit_group_not_deleted;"
    "DROP TRIGGER IF EXISTS generation_kept; DROP TRIGGER IF EXISTS generation_not_deleted;";

class NoHistory : public ViolationHistory {
 public:
  Result<std::uint64_t> find_older(const ViolationIdBytes&) override { return 0; }
  [[nodiscard]] bool was_repeat(const ViolationIdBytes&) const override { return false; }
};

class LogCheckTest : public ::testing::Test {
 protected:
  LogCheckTest() {
    start_.first_seq = kFirstSequence;
    start_.log_id = "betrace/test/local/00000001";
    start_.created = kTestTime;
    start_.prev.fill(5);
    EXPECT_TRUE(LogGeneration::create(path_, start_, {}).has_value());
  }

  void write_groups() {
    auto generation = LogGeneration::open(path_, {}).value();
    NoHistory history;
    const evidence::SigningKey key = evidence::SigningKey::generate();
    ring_.keys = {{key.public_key(), kFirstSequence, {}, {}}};
    for (std::uint64_t i = 0; i < 6; i += 2) {
      const LogRecord one =
          make_violation_record(first_record(test_violation(i)), start_.log_id, "");
      const LogRecord other =
          make_violation_record(first_record(test_violation(i + 1)), start_.log_id, "");
      const std::vector<const LogRecord*> group = {&one, &other};
      ASSERT_TRUE(generation->append(group, kTestTime, history, {key}).has_value());
    }
  }

  Database open() { return Database::open(path_, Database::Mode::ReadWrite).value(); }
  void run(const std::string& sql) {
    const auto done = open().exec(kUnlock + sql);
    ASSERT_TRUE(done.has_value()) << sql << ": " << done.error().message;
  }
  // The error of check_tail(), `sound` if there is none.
  std::string tail_problem() {
    Database database = open();
    const auto tail = check_tail(database, start_, ring_);
    return tail ? "sound" : tail.error().message;
  }

  TestDirectory directory_;
  std::string path_ = directory_.file("log-000001.db");
  GenerationStart start_;
  evidence::KeyRing ring_;
};

TEST_F(LogCheckTest, AnEmptyFileIsUnfinishedAndNothingElse) {
  Database empty = Database::open(directory_.file("empty.db"), Database::Mode::Create).value();
  EXPECT_TRUE(is_unfinished(empty).value());
  Database made = open();
  EXPECT_FALSE(is_unfinished(made).value());
}

TEST_F(LogCheckTest, AGenerationIsUnusedUntilItsFirstRecord) {
  Database made = open();
  EXPECT_TRUE(is_unused(made).value());
  write_groups();
  EXPECT_FALSE(is_unused(made).value());
}

TEST_F(LogCheckTest, TheFormatIsOurs) {
  Database made = open();
  const auto is_newer = check_format(made);
  ASSERT_TRUE(is_newer.has_value()) << is_newer.error().message;
  EXPECT_FALSE(*is_newer);
}

TEST_F(LogCheckTest, AnyOtherMarkVersionOrSchemaIsFound) {
  struct Row {
    const char* change;
    ErrorCode code;
  };
  for (const Row& row : {Row{"PRAGMA application_id=7", ErrorCode::Corrupt},
                         Row{"PRAGMA user_version=0", ErrorCode::Corrupt},
                         Row{"PRAGMA user_version=99", ErrorCode::Corrupt},
                         Row{"PRAGMA user_version=200", ErrorCode::Unsupported},
                         Row{"CREATE TABLE other (a)", ErrorCode::Corrupt},
                         Row{"DROP INDEX record_time", ErrorCode::Corrupt},
                         Row{"DROP TRIGGER record_kept", ErrorCode::Corrupt}}) {
    Database database = Database::open(":memory:", Database::Mode::Create).value();
    ASSERT_TRUE(database.exec(std::string(kLogSchema)).has_value());
    ASSERT_TRUE(database.exec("PRAGMA application_id=" + std::to_string(kLogApplicationId)));
    ASSERT_TRUE(database.exec("PRAGMA user_version=" + std::to_string(kLogUserVersion)));
    ASSERT_TRUE(check_format(database).has_value());
    ASSERT_TRUE(database.exec(row.change).has_value());
    const auto checked = check_format(database);
    ASSERT_FALSE(checked.has_value()) << row.change;
    EXPECT_EQ(checked.error().code, row.code) << row.change;
  }
}

TEST_F(LogCheckTest, ANewerMinorVersionMustStillHaveWhatWeRead) {
  run("ALTER TABLE record ADD COLUMN later TEXT; PRAGMA user_version=101");
  Database newer = open();
  EXPECT_TRUE(check_format(newer).value());
  run("ALTER TABLE state RENAME COLUMN value TO other");
  Database changed = open();  // a connection of its own, as at a start
  EXPECT_FALSE(check_format(changed).has_value());
}

TEST_F(LogCheckTest, TheStartIsReadAsItWasWritten) {
  Database made = open();
  const auto start = read_start(made);
  ASSERT_TRUE(start.has_value()) << start.error().message;
  EXPECT_EQ(start->number, start_.number);
  EXPECT_EQ(start->log_id, start_.log_id);
  EXPECT_EQ(start->first_seq, kFirstSequence);
  EXPECT_EQ(start->prev, start_.prev);
  EXPECT_EQ(start->created, kTestTime);
}

TEST_F(LogCheckTest, AWrongStartIsFound) {
  for (const char* change :
       {"UPDATE generation SET first_seq = 0", "DELETE FROM generation",
        "UPDATE generation SET prev = x'00'", "UPDATE generation SET log = CAST(x'FF' AS TEXT)",
        "INSERT INTO generation SELECT 2, log, first_seq, prev, created_ns "
        "FROM generation"}) {
    Database database = open();
    ASSERT_TRUE(database.exec("BEGIN; " + std::string(kUnlock) + change).has_value()) << change;
    const auto start = read_start(database);
    ASSERT_FALSE(start.has_value()) << change;
    EXPECT_EQ(start.error().code, ErrorCode::Corrupt) << change;
    ASSERT_TRUE(database.exec("ROLLBACK").has_value());
  }
}

TEST_F(LogCheckTest, AnEmptyGenerationEndsWhereItBegins) {
  Database made = open();
  const auto tail = check_tail(made, start_, ring_);
  ASSERT_TRUE(tail.has_value()) << tail.error().message;
  EXPECT_EQ(tail->last_seq, kFirstSequence - 1);
  EXPECT_EQ(tail->last_hash, start_.prev);
  EXPECT_TRUE(tail->ended_orderly);
}

TEST_F(LogCheckTest, ASignatureThatIsNotOfTheKeyIsFound) {
  write_groups();
  EXPECT_EQ(tail_problem(), "sound");
  run("UPDATE commit_group SET signature = zeroblob(64) WHERE first_seq = 13");
  EXPECT_EQ(tail_problem(), "violation log: the signature of a commit is wrong");
  ring_.keys.clear();
  EXPECT_EQ(tail_problem(), "sound") << "a key that is not known is for verifiers";
}

TEST_F(LogCheckTest, ASoundTailIsTheNewestGroup) {
  write_groups();
  Database made = open();
  const auto tail = check_tail(made, start_, ring_);
  ASSERT_TRUE(tail.has_value()) << tail.error().message;
  EXPECT_EQ(tail->last_seq, kFirstSequence + 5);
  EXPECT_FALSE(tail->ended_orderly) << "its newest record is no stop";
  const auto before = read_tail_before(made, start_, kFirstSequence + 4);
  ASSERT_TRUE(before.has_value());
  EXPECT_EQ(before->last_seq, kFirstSequence + 3);
  EXPECT_EQ(read_tail_before(made, start_, kFirstSequence)->last_seq, kFirstSequence - 1);
}

TEST_F(LogCheckTest, EveryChangeOfTheTailIsFound) {
  write_groups();
  ASSERT_EQ(tail_problem(), "sound");
  const std::string file = directory_.read("log-000001.db");
  const std::string wal = directory_.read("log-000001.db-wal");
  for (const char* change :
       {"UPDATE record SET payload = CAST(payload || ' ' AS BLOB) WHERE seq = 11",
        "UPDATE record SET leaf = zeroblob(32) WHERE seq = 16", "DELETE FROM record WHERE seq = 12",
        "DELETE FROM record WHERE seq = 16", "DELETE FROM record",
        "UPDATE record SET seq = 17 WHERE seq = 16", "DELETE FROM commit_group WHERE last_seq = 12",
        "DELETE FROM commit_group WHERE last_seq = 14",
        "DELETE FROM commit_group WHERE last_seq = 16", "DELETE FROM commit_group",
        "UPDATE commit_group SET hash = zeroblob(32) WHERE last_seq = 14",
        "UPDATE commit_group SET payload = CAST(payload || ' ' AS BLOB) WHERE last_seq = 16",
        "UPDATE commit_group SET first_seq = 10 WHERE last_seq = 12"}) {
    directory_.write("log-000001.db", file);
    directory_.write("log-000001.db-wal", wal);
    run(change);
    EXPECT_NE(tail_problem(), "sound") << change;
  }
}

TEST_F(LogCheckTest, AnotherStartDoesNotFit) {
  write_groups();
  start_.prev.fill(6);
  EXPECT_NE(tail_problem(), "sound");
  start_.prev.fill(5);
  start_.log_id = "betrace/test/other/00000002";
  EXPECT_NE(tail_problem(), "sound");
}

TEST(IsDigestTest, WantsExactlyTheBytes) {
  Sha256 digest{};
  digest[31] = 1;
  const std::string bytes(reinterpret_cast<const char*>(digest.data()), digest.size());
  EXPECT_TRUE(is_digest(bytes, digest));
  EXPECT_FALSE(is_digest(bytes.substr(1), digest));
  EXPECT_FALSE(is_digest(bytes + '\0', digest));
  EXPECT_FALSE(is_digest(std::string(32, '\0'), digest));
}

}  // namespace
}  // namespace betrace::storage
