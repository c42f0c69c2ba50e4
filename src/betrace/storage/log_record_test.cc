#include "betrace/storage/log_record.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "betrace/base/json.h"
#include "betrace/storage/test_violations.h"

// Goal: the columns of a record say what its payload says, and no text of a client can stop one.

namespace betrace::storage {
namespace {

constexpr const char* kLogId = "betrace/test/local/00000001";

Json payload_of(const LogRecord& record) {
  auto json = parse_json(record.payload);
  EXPECT_TRUE(json.has_value()) << record.payload;
  return json ? *std::move(json) : Json();
}

RuleChangeRecord full_change() {
  RuleChangeRecord change;
  change.rule_id = "slow";
  change.change = "update";
  change.source = "api";
  change.actor = "key:ops";
  change.address = "127.0.0.1";
  change.request_id = "r-7";
  change.time = kTestTime;
  change.revision = 3;
  change.previous_revision = 2;
  change.sha256 = std::string(64, 'a');
  change.previous_sha256 = std::string(64, 'b');
  change.rule.emplace();
  change.rule->id = change.rule->name = "slow";
  change.rule->expression = "span.duration > 2s";
  change.rule->revision = 3;
  return change;
}

TEST(LogRecordTest, TheColumnsOfAViolationRepeatItsPayload) {
  const model::Violation violation = test_violation(3);
  const LogRecord record = make_violation_record(first_record(test_violation(3)), kLogId, "abc");
  const Json payload = payload_of(record);
  EXPECT_EQ(record.type, LogRecordType::Violation);
  EXPECT_EQ(record.time, violation.timestamp);
  EXPECT_EQ(record.rule_id, payload["rule_id"]);
  EXPECT_EQ(record.service, payload["anchor"]["service"]);
  EXPECT_EQ(record.severity, static_cast<std::int64_t>(model::Severity::High));
  EXPECT_EQ(record.completeness, static_cast<std::int64_t>(model::Completeness::Complete));
  EXPECT_EQ(record.trace_id, violation.trace_id);
  EXPECT_EQ(record.violation_id, violation_id_bytes(violation.key));
  EXPECT_EQ(record.flags, 0);
  EXPECT_EQ(payload["log"], kLogId);
  EXPECT_EQ(payload["rule_sha256"], "abc");
  EXPECT_TRUE(record.state_name.empty());
}

TEST(LogRecordTest, WhatAViolationLacksIsNull) {
  model::Violation violation = early_violation(1);
  violation.service.clear();
  const LogRecord record = make_violation_record(first_record(std::move(violation)), kLogId, "");
  EXPECT_FALSE(record.service.has_value());
  EXPECT_FALSE(record.completeness.has_value());
  EXPECT_EQ(record.flags, kFlagEarly);
}

TEST(LogRecordTest, TheFlagsAreThoseOfTheViolation) {
  model::Violation violation = test_violation(1);
  violation.late = true;
  const model::ViolationRecord late = first_record(std::move(violation));
  EXPECT_EQ(make_violation_record(late, kLogId, "").flags, kFlagLate);
  const LogRecord withdrawn = make_violation_record(withdrawal(1, "rule"), kLogId, "");
  EXPECT_EQ(withdrawn.flags, kFlagWithdrawn);
  EXPECT_EQ(withdrawn.type, LogRecordType::Revision);
  EXPECT_EQ(make_violation_record(final_record(1), kLogId, "").type, LogRecordType::Final);
}

TEST(LogRecordTest, AChangeOfARuleIsReadAsItWasWritten) {
  const RuleChangeRecord change = full_change();
  const LogRecord record = make_rule_change_record(change, kLogId);
  EXPECT_EQ(record.type, LogRecordType::RuleChange);
  EXPECT_EQ(record.rule_id, "slow");
  const auto read = read_rule_change(record.payload);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->rule_id, change.rule_id);
  EXPECT_EQ(read->change, change.change);
  EXPECT_EQ(read->source, change.source);
  EXPECT_EQ(read->actor, change.actor);
  EXPECT_EQ(read->address, change.address);
  EXPECT_EQ(read->request_id, change.request_id);
  EXPECT_EQ(read->time, change.time);
  EXPECT_EQ(read->revision, change.revision);
  EXPECT_EQ(read->previous_revision, change.previous_revision);
  EXPECT_EQ(read->sha256, change.sha256);
  EXPECT_EQ(read->previous_sha256, change.previous_sha256);
  ASSERT_TRUE(read->rule.has_value());
  EXPECT_EQ(read->rule->expression, change.rule->expression);
}

TEST(LogRecordTest, AChangeSetsTheRecordedVersionOfItsRule) {
  const LogRecord record = make_rule_change_record(full_change(), kLogId);
  EXPECT_EQ(record.state_name, recorded_rule_name("slow"));
  const auto recorded = read_recorded_rule(record.state_value);
  ASSERT_TRUE(recorded.has_value());
  EXPECT_EQ(recorded->revision, 3u);
  EXPECT_EQ(recorded->sha256, std::string(64, 'a'));
  RuleChangeRecord deletion = full_change();
  deletion.sha256.clear();
  EXPECT_EQ(read_recorded_rule(make_rule_change_record(deletion, kLogId).state_value)->sha256, "");
}

TEST(LogRecordTest, ARuleThatDoesNotFitIsLeftOutOfItsRecord) {
  RuleChangeRecord change = full_change();
  change.rule->expression = std::string(65'536, '\x01');  // six bytes each in JSON
  const LogRecord record = make_rule_change_record(change, kLogId);
  EXPECT_LE(record.payload.size(), 128u * 1024);
  const auto read = read_rule_change(record.payload);
  ASSERT_TRUE(read.has_value());
  EXPECT_FALSE(read->rule.has_value());
  EXPECT_EQ(read->revision, 3u);
}

TEST(LogRecordTest, AGapSaysItsRangeOnlyIfThereIsOne) {
  GapRecord gap;
  gap.gap = {"corrupt", "", 2, kTestTime, kTestTime + 1};
  EXPECT_EQ(payload_of(make_gap_record(gap, kLogId, kTestTime))["ranges"], Json::array());
  gap.file = "log-000001.corrupt.db";
  gap.first_seq = 4;
  gap.last_seq = 9;
  const LogRecord record = make_gap_record(gap, kLogId, kTestTime + 5);
  const Json payload = payload_of(record);
  EXPECT_EQ(record.type, LogRecordType::Gap);
  EXPECT_EQ(record.time, kTestTime + 5);
  EXPECT_FALSE(record.rule_id.has_value());
  EXPECT_EQ(payload["cause"], "corrupt");
  EXPECT_EQ(payload["count"], 2);
  EXPECT_EQ(payload["file"], gap.file);
  EXPECT_EQ(payload["ranges"], Json::parse("[[4,9]]"));
}

TEST(LogRecordTest, NoTextOfAClientCanStopARecord) {
  GapRecord gap;
  gap.gap = {"suppressed", "rule", 1, kTestTime, kTestTime};
  gap.file = "\xFF\xFE";
  EXPECT_EQ(payload_of(make_gap_record(gap, kLogId, kTestTime))["file"], "\\xff\\xfe");
  RuleChangeRecord change = full_change();
  change.actor = std::string(1'000'000, 'a');
  const auto read = read_rule_change(make_rule_change_record(change, kLogId).payload);
  ASSERT_TRUE(read.has_value());
  EXPECT_LT(read->actor.size(), 10'000u);
}

TEST(LogRecordTest, AStartSaysWhetherTheEndBeforeItWasOrderly) {
  EXPECT_EQ(payload_of(make_start_record({true, false}, kLogId, kTestTime))["crash"], true);
  const Json start = payload_of(make_start_record({}, kLogId, kTestTime));
  EXPECT_EQ(start["crash"], false);
  EXPECT_FALSE(start.contains("insecure"));
  EXPECT_EQ(payload_of(make_start_record({false, true}, kLogId, kTestTime))["insecure"], true);
  EXPECT_EQ(make_stop_record(kLogId, kTestTime).type, LogRecordType::Stop);
}

TEST(ReadRuleChangeTest, OtherPayloadsAreCorrupt) {
  const LogRecord stop = make_stop_record(kLogId, kTestTime);
  for (const std::string& payload : {std::string(), std::string("{}"), std::string("nonsense"),
                                     stop.payload, stop.payload + " "}) {
    const auto read = read_rule_change(payload);
    ASSERT_FALSE(read.has_value()) << payload;
    EXPECT_EQ(read.error().code, ErrorCode::Corrupt) << payload;
  }
}

TEST(ReadRecordedRuleTest, OtherValuesAreCorrupt) {
  for (const char* value : {"", "12", "x abc", "-1 abc"}) {
    const auto recorded = read_recorded_rule(value);
    ASSERT_FALSE(recorded.has_value()) << value;
    EXPECT_EQ(recorded.error().code, ErrorCode::Corrupt) << value;
  }
  EXPECT_EQ(read_recorded_rule("12 ")->revision, 12u);
}

}  // namespace
}  // namespace betrace::storage
