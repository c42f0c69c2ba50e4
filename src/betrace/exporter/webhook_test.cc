// Goal: a webhook is told what the API shows, in the words that were asked for.
#include "betrace/exporter/webhook.h"

#include <gmock/gmock.h>

#include "betrace/exporter/test_outbox.h"
#include "betrace/model/violation_json.h"

namespace betrace::exporter {
namespace {

using ::testing::HasSubstr;

std::string filled(std::string_view text, const storage::TailRecord& record) {
  const OrderedJson json = model::violation_json(record.record.violation, record.place);
  return WebhookTemplate::read(text).value().fill(json, "violation");
}

TEST(WebhookTest, TellsTheEventWithTheObjectOfTheList) {
  const storage::TailRecord record = test_record(7);
  const WebhookForm form{WebhookOptions()};
  const auto told = form.tell(record);
  ASSERT_TRUE(told.has_value());
  const Json json = parse_json(form.write({{7, 1, 1, *told}})).value();
  EXPECT_EQ(json["event"], "violation");
  EXPECT_EQ(json["violation"]["id"], record.record.violation.key.id());
  EXPECT_EQ(json["violation"]["message"], "it was slow");
}

TEST(WebhookTest, LessThanTheLeastSeverityIsNotTold) {
  WebhookOptions options;
  options.least = model::Severity::High;
  storage::TailRecord record = test_record(1);
  EXPECT_TRUE(WebhookForm(options).tell(record).has_value());
  record.record.violation.severity = model::Severity::Medium;
  EXPECT_FALSE(WebhookForm(options).tell(record).has_value());
}

TEST(WebhookTemplateTest, PlacesAreFilledAndOtherBracesStand) {
  storage::TailRecord record = test_record(1);
  record.record.violation.message = "a \"quoted\"\nline";
  record.record.violation.tags = {"soc2:CC6.1", "pii"};
  EXPECT_EQ(filled(R"({"text":"{severity}: {message}","x":{}})", record),
            R"({"text":"HIGH: a \"quoted\"\nline","x":{}})");
  EXPECT_EQ(filled("{tags}|{completeness}|{early}|{rule_revision}|{event}", record),
            "soc2:CC6.1, pii|-|false|1|violation");
  EXPECT_EQ(filled("{", record), "{");
  EXPECT_EQ(filled("{ message } {message", record), "{ message } {message");
  const Json whole = parse_json(filled(R"({"all":{violation}})", record)).value();
  EXPECT_EQ(whole["all"]["rule_id"], "slow");
}

TEST(WebhookTemplateTest, AValueIsNotReadAsATemplate) {
  storage::TailRecord record = test_record(1);
  record.record.violation.message = "{severity} {nothing}";
  EXPECT_EQ(filled("{message}", record), "{severity} {nothing}");
}

TEST(WebhookTemplateTest, AnUnknownPlaceIsAMistake) {
  for (const char* text : {"{mesage}", R"({"a":"{metadata}"})", "{{rule}}"}) {
    const auto read = WebhookTemplate::read(text);
    ASSERT_FALSE(read.has_value()) << text;
    EXPECT_THAT(read.error().message, HasSubstr("has a place {"));
  }
}

}  // namespace
}  // namespace betrace::exporter
