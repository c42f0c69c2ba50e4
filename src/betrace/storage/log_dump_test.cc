#include "betrace/storage/log_dump.h"

#include <gtest/gtest.h>

#include "betrace/storage/test_turns.h"

// Goal: every record comes out as it was committed, in order, also while the log is in use; what
// was altered is said to be.

namespace betrace::storage {
namespace {

class LogDumpTest : public TestTurns {
 protected:
  std::vector<DumpedRecord> dump(const SequenceRange& range = {}) {
    std::vector<DumpedRecord> records;
    const auto done = dump_log(real_file_system(), options_.path, range,
                               [&](const DumpedRecord& record) { records.push_back(record); });
    EXPECT_TRUE(done.has_value()) << done.error().message;
    return records;
  }
};

TEST_F(LogDumpTest, GivesTheRecordsOfAllFilesInOrder) {
  record(0, 3);
  rotate();
  record(3, 6);
  const std::vector<DumpedRecord> records = dump();
  ASSERT_EQ(records.size(), last_sequence());
  for (std::size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ(records[i].sequence, i + 1);
    EXPECT_LE(records[i].group_sequence, records[i].sequence);
    EXPECT_EQ(records[i].leaf.size(), 64u);
    EXPECT_FALSE(records[i].is_altered);
  }
  EXPECT_NE(records[0].payload.find("\"type\":\"start\""), std::string::npos);
  ASSERT_EQ(dump({2, 4}).size(), 3u);
  EXPECT_EQ(dump({2, 4})[0].sequence, 2u);
}

TEST_F(LogDumpTest, SaysWhatWasAltered) {
  record(0, 3);
  stop();
  run(1,
      "DROP TRIGGER record_kept; UPDATE record SET payload = x'7b7d' WHERE seq = 2;"
      "CREATE TRIGGER record_kept BEFORE UPDATE ON record\n"
      "  BEGIN SELECT RAISE(ABORT, 'records are never changed'); END");
  const std::vector<DumpedRecord> records = dump();
  EXPECT_FALSE(records[0].is_altered);
  EXPECT_TRUE(records[1].is_altered);
}

TEST_F(LogDumpTest, WhereThereIsNoLogSaysSo) {
  const auto done = dump_log(real_file_system(), options_.path, {}, [](const DumpedRecord&) {});
  EXPECT_EQ(done.error().code, ErrorCode::NotFound);
}

}  // namespace
}  // namespace betrace::storage
