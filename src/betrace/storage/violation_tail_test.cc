// Goal: sinks are told of everything they must know, once in order, and how far they are is not
// forgotten.
// Method: a real log; the exporter is played by hand.
#include "betrace/storage/violation_tail.h"

#include <gmock/gmock.h>

#include "betrace/storage/test_log.h"

namespace betrace::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string kNewerMinor = "ALTER TABLE record ADD COLUMN later TEXT; PRAGMA user_version=101";

class ViolationTailTest : public TestLog {
 protected:
  ViolationTail tail(const TailQuery& query = {}) { return log().tail(query).value(); }

  std::vector<std::string> told(const TailQuery& query = {}) {
    std::vector<std::string> told;
    for (const TailRecord& each : tail(query).records) {
      const model::Violation& violation = each.record.violation;
      const bool is_withdrawal = each.record.type == model::RecordType::Revision;
      told.push_back((is_withdrawal ? "not " : "") + violation.message);
    }
    return told;
  }
};

TEST_F(ViolationTailTest, TellsOfFirstRecordsAndWithdrawalsInTheOrderOfTheLog) {
  log().record(first_record(test_violation(1)));
  log().record(first_record(early_violation(2)));
  log().record(final_record(2));
  log().record(withdrawal(1, "rule"));
  ASSERT_TRUE(log().append_rule_change(test_rule_change(1)).has_value());
  record(3, 4);
  EXPECT_THAT(told(), ElementsAre("violation 1", "violation 2", "not violation 1", "violation 3"));
  EXPECT_EQ(tail().examined, last_sequence());
}

TEST_F(ViolationTailTest, GoesOnWhereItStopped) {
  record(0, 5);
  TailQuery query;
  query.records_max = 2;
  const ViolationTail first = tail(query);
  ASSERT_EQ(first.records.size(), 2U);
  EXPECT_EQ(first.examined, first.records.back().sequence);
  query.after = first.examined;
  EXPECT_THAT(told(query), ElementsAre("violation 2", "violation 3"));
  query.after = last_sequence();
  EXPECT_THAT(told(query), IsEmpty());
  EXPECT_EQ(tail(query).examined, last_sequence());
}

TEST_F(ViolationTailTest, StopsWithTheRecordThatExceedsTheBytes) {
  record(0, 5);
  TailQuery query;
  query.bytes_max = tail().records[0].byte_count + 1;
  EXPECT_THAT(told(query), ElementsAre("violation 0", "violation 1"));
}

TEST_F(ViolationTailTest, StopsWithTheLastThatIsAskedFor) {
  record(0, 5);
  TailQuery query;
  query.after = tail().records[0].sequence;
  query.last = tail().records[2].sequence;
  EXPECT_THAT(told(query), ElementsAre("violation 1", "violation 2"));
}

TEST_F(ViolationTailTest, CountsWhatItTells) {
  record(0, 5);
  std::uint64_t bytes = 0;
  for (const TailRecord& each : tail().records) bytes += each.byte_count;
  const TailSize size = log().tail_size({}).value();
  EXPECT_EQ(size.bytes, bytes);
  EXPECT_EQ(size.examined, last_sequence());
}

TEST_F(ViolationTailTest, MarksARecordThatIsNotWhatWasCommittedAndTellsTheOthers) {
  record(0, 3);
  const std::uint64_t altered = tail().records[1].sequence;
  run(1,
      "DROP TRIGGER record_kept; UPDATE record SET payload = CAST(payload || ' ' AS BLOB) "
      "WHERE seq = " +
          std::to_string(altered));
  const ViolationTail read = tail();
  ASSERT_EQ(read.records.size(), 3U);
  EXPECT_TRUE(read.records[0].is_readable);
  EXPECT_FALSE(read.records[1].is_readable);
  EXPECT_TRUE(read.records[2].is_readable);
}

TEST_F(ViolationTailTest, GoesThroughAllGenerations) {
  record(0, 2);
  stop();
  run(1, kNewerMinor);  // only read from now on
  record(2, 4);
  ASSERT_TRUE(has_file(name(2)));
  EXPECT_THAT(told(), ElementsAre("violation 0", "violation 1", "violation 2", "violation 3"));
}

const ExportPosition kPosition{
    7, {{3, 4, "export_refused", 1, 0}, {6, 6, "sink_error", 2, kTestTime}}};

TEST_F(ViolationTailTest, ThePositionIsKeptWithTheNextCommit) {
  EXPECT_EQ(log().export_position(kExportSink), std::nullopt);
  log().move_export(kExportSink, kPosition);
  EXPECT_EQ(log().export_position(kExportSink), kPosition);
  record(0, 1);
  crash();
  EXPECT_EQ(log().export_position(kExportSink), kPosition);
}

TEST_F(ViolationTailTest, ThePositionIsKeptAtTheOrderlyEnd) {
  log().move_export(kExportSink, kPosition);
  stop();
  EXPECT_EQ(log().export_position(kExportSink), kPosition);
  log().move_export(kExportSink, {8, {}});
  stop();
  EXPECT_EQ(log().export_position(kExportSink), (ExportPosition{8, {}}));
}

TEST_F(ViolationTailTest, ThePositionMovesToTheNextGeneration) {
  log().move_export(kExportSink, kPosition);
  stop();
  run(1, kNewerMinor);
  EXPECT_EQ(log().export_position(kExportSink), kPosition);
  EXPECT_EQ(ask(2, "SELECT count(*) FROM parked"), 2);
}

TEST_F(ViolationTailTest, EachSinkHasAPositionOfItsOwn) {
  const ExportPosition webhook{9, {{5, 8, "sink_error", 2, kTestTime}, {9, 9, "resend", 0, 1}}};
  log().move_export(kExportSink, kPosition);
  log().move_export(kWebhookSink, webhook);
  stop();
  run(1, kNewerMinor);
  EXPECT_EQ(log().export_position(kExportSink), kPosition);
  EXPECT_EQ(log().export_position(kWebhookSink), webhook);
  EXPECT_EQ(log().export_position(kAlertmanagerSink), std::nullopt);
  log().move_export(kWebhookSink, {10, {}});
  stop();
  EXPECT_EQ(log().export_position(kExportSink), kPosition);
  EXPECT_EQ(log().export_position(kWebhookSink), (ExportPosition{10, {}}));
}

TEST_F(ViolationTailTest, TellsOfChangesToWhoAsksForThem) {
  log().record(first_record(early_violation(2)));
  log().record(final_record(2));
  log().record(withdrawal(2, "early"));
  record(3, 4);
  TailQuery query;
  query.with_changes = true;
  const ViolationTail told = tail(query);
  ASSERT_EQ(told.records.size(), 4U);
  EXPECT_EQ(told.records[1].record.type, model::RecordType::Final);
  EXPECT_GT(told.records[1].sequence, told.records[0].sequence);
  for (const std::size_t later : {1U, 2U}) {  // they stand where the first one does
    EXPECT_EQ(told.records[later].place.sequence, told.records[0].sequence);
    EXPECT_EQ(told.records[later].place.created_at, told.records[0].time);
  }
  EXPECT_EQ(log().tail_size(query)->records, 4U);
  EXPECT_EQ(tail().records.size(), 3U);
}

TEST_F(ViolationTailTest, AMoveAloneWritesNoRecord) {
  record(0, 1);
  const std::uint64_t before = last_sequence();
  log().move_export(kExportSink, kPosition);
  stop();
  EXPECT_EQ(last_sequence() - before, 2U);  // stop and start
}

}  // namespace
}  // namespace betrace::storage
