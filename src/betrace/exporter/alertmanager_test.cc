// Goal: alerts are those of Alertmanager's API v2, and what is said of a violation is one alert.
#include "betrace/exporter/alertmanager.h"

#include <gtest/gtest.h>

#include "betrace/base/json.h"
#include "betrace/exporter/test_outbox.h"

namespace betrace::exporter {
namespace {

Json alert(const storage::TailRecord& record) {
  return parse_json(std::get<std::string>(*AlertmanagerForm().tell(record))).value();
}

storage::TailRecord placed_record(std::uint64_t sequence) {
  storage::TailRecord record = test_record(sequence);
  record.place = {sequence, record.time, "", ""};
  return record;
}

TEST(AlertmanagerTest, AViolationIsAnAlertWithoutAnEnd) {
  storage::TailRecord record = placed_record(1);
  record.record.violation.service = "checkout";
  const Json told = alert(record);
  const Json labels = {{"alertname", "BeTraceViolation"},
                       {"rule_id", "slow"},
                       {"severity", "HIGH"},
                       {"service", "checkout"},
                       {"violation_id", record.record.violation.key.id()}};
  EXPECT_EQ(told["labels"], labels);
  EXPECT_EQ(told["startsAt"], "2026-01-31T06:40:00.000000001Z");
  EXPECT_FALSE(told.contains("endsAt"));
  EXPECT_EQ(told["annotations"]["summary"], "it was slow");
  record.record.violation.service = "";
  EXPECT_FALSE(alert(record)["labels"].contains("service")) << "an empty label is none";
}

TEST(AlertmanagerTest, AWithdrawalEndsTheSameAlert) {
  const Json first = alert(placed_record(1));
  storage::TailRecord withdrawal = placed_record(1);
  withdrawal.sequence = 5;
  withdrawal.time += 60 * kNanosPerSecond;
  withdrawal.record.type = model::RecordType::Revision;
  withdrawal.record.violation.status = model::ViolationStatus::Withdrawn;
  const Json told = alert(withdrawal);
  EXPECT_EQ(told["labels"], first["labels"]);
  EXPECT_EQ(told["startsAt"], first["startsAt"]);
  EXPECT_EQ(told["endsAt"], "2026-01-31T06:41:00.000000001Z");
  withdrawal.time = kTestTime;  // the clock was set back
  EXPECT_EQ(alert(withdrawal)["endsAt"], first["startsAt"]);
}

TEST(AlertmanagerTest, ARequestIsAListOfAlerts) {
  const AlertmanagerForm form;
  std::vector<OutboxItem> items;
  for (std::uint64_t i = 1; i <= 2; ++i) items.push_back({i, 1, 1, *form.tell(placed_record(i))});
  const Json told = parse_json(form.write(items)).value();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_NE(told[0]["labels"]["violation_id"], told[1]["labels"]["violation_id"]);
}

}  // namespace
}  // namespace betrace::exporter
