#include "betrace/storage/rule_object.h"

#include <gtest/gtest.h>

// Goal: every limit of the table of fields, at the limit and beyond it, and the id of a new rule.

namespace betrace::storage {
namespace {

Json object() { return Json{{"name", "slow"}, {"expression", "span.duration > 1s"}}; }

Result<RuleInput> read(const Json& json, RuleDialect dialect = RuleDialect::Api) {
  return read_rule_object(json, dialect);
}

std::string mistake(const Json& json, RuleDialect dialect = RuleDialect::Api) {
  const auto input = read(json, dialect);
  return input ? "none" : input.error().message;
}

Json with(const char* member, Json value) {
  Json json = object();
  json[member] = std::move(value);
  return json;
}

TEST(RuleObjectTest, FillsInDefaults) {
  const auto input = read(object());
  ASSERT_TRUE(input.has_value()) << input.error().message;
  const model::Rule& rule = input->rule;
  EXPECT_EQ(rule.id, "slow");
  EXPECT_FALSE(input->has_id);
  EXPECT_TRUE(rule.enabled);
  EXPECT_EQ(rule.severity, model::Severity::Medium);
  EXPECT_TRUE(rule.description.empty() && rule.tags.empty() && rule.message.empty());
  EXPECT_FALSE(rule.require_complete);
  EXPECT_EQ(rule.revision, 0u);
  EXPECT_EQ(rule.created_at, 0u);
  EXPECT_TRUE(input->ignored.empty());
}

TEST(RuleObjectTest, NormalisesSeverityAndTags) {
  Json json = with("severity", "cRiTical");
  json["tags"] = {"b", "a", "b"};
  const auto input = read(json);
  ASSERT_TRUE(input.has_value());
  EXPECT_EQ(input->rule.severity, model::Severity::Critical);
  EXPECT_EQ(input->rule.tags, (std::vector<std::string>{"b", "a"}));
}

TEST(RuleObjectTest, AcceptsBothSpellingsOfAMember) {
  Json json = with("requireComplete", true);
  json["createdAt"] = "2026-01-31T10:00:00Z";
  const auto input = read(json);
  ASSERT_TRUE(input.has_value());
  EXPECT_TRUE(input->rule.require_complete);
  EXPECT_EQ(format_rfc3339(input->rule.created_at), "2026-01-31T10:00:00Z");
  json["require_complete"] = true;
  EXPECT_TRUE(read(json).has_value());
  json["require_complete"] = false;
  EXPECT_EQ(mistake(json), "require_complete and requireComplete differ");
}

TEST(RuleObjectTest, NamesWhatItIgnores) {
  Json json = object();
  json["state"] = "active";
  json["statistics"] = Json::object();
  json["colour"] = "red";
  json["Name"] = "x";
  json["condition"] = "true";
  EXPECT_EQ(read(json)->ignored, (std::vector<std::string>{"Name", "colour", "condition"}));
}

TEST(RuleObjectTest, TakesConditionOnlyInDocuments) {
  const Json json = {{"name", "slow"}, {"condition", "true"}};
  EXPECT_EQ(mistake(json), "expression is missing");
  EXPECT_EQ(read(json, RuleDialect::Document)->rule.expression, "true");
  EXPECT_EQ(mistake(with("condition", "true"), RuleDialect::Document),
            "expression and condition differ");
}

TEST(RuleObjectTest, NamesTheFieldThatIsWrong) {
  EXPECT_EQ(mistake(Json::array()), "the rule is not an object");
  EXPECT_EQ(mistake(Json{{"expression", "x"}}), "name is missing");
  EXPECT_EQ(mistake(Json{{"name", "x"}}), "expression is missing");
  EXPECT_EQ(mistake(with("name", 1)), "name is not a string");
  EXPECT_EQ(mistake(with("name", "")), "name is empty");
  EXPECT_EQ(mistake(with("name", "a\nb")), "name contains a control character");
  EXPECT_EQ(mistake(with("enabled", "yes")), "enabled is not true or false");
  EXPECT_EQ(mistake(with("severity", "worst")), "severity is none of CRITICAL, HIGH, MEDIUM, LOW");
  EXPECT_EQ(mistake(with("tags", "a")), "tags is not a list of strings");
  EXPECT_EQ(mistake(with("tags", Json::array({1}))), "tags is not a list of strings");
  EXPECT_EQ(mistake(with("tags", Json::array({"a b"}))), "tags: \"a b\" is not a tag");
  EXPECT_EQ(mistake(with("id", "a/b")), "id \"a/b\" is not a rule id");
  EXPECT_EQ(mistake(with("id", "test")), "id \"test\" is not a rule id");
  EXPECT_EQ(mistake(with("expression", "")), "expression is empty");
}

TEST(RuleObjectTest, LimitsAreInclusive) {
  const auto text = [](std::size_t size) { return std::string(size, 'x'); };
  EXPECT_EQ(mistake(with("id", text(128))), "none");
  EXPECT_NE(mistake(with("id", text(129))), "none");
  EXPECT_EQ(mistake(with("name", text(256))), "none");
  EXPECT_EQ(mistake(with("name", text(257))), "name is longer than 256 bytes");
  EXPECT_EQ(mistake(with("description", text(4096))), "none");
  EXPECT_EQ(mistake(with("description", text(4097))), "description is longer than 4096 bytes");
  EXPECT_EQ(mistake(with("expression", text(65'536))), "none");
  EXPECT_EQ(mistake(with("expression", text(65'537))), "expression is longer than 65536 bytes");
  EXPECT_EQ(mistake(with("message", text(1024))), "none");
  EXPECT_EQ(mistake(with("message", text(1025))), "message is longer than 1024 bytes");
  EXPECT_EQ(mistake(with("tags", Json::array({"soc2:CC6.1", "hipaa:164.312(b)", text(64)}))),
            "none");
  EXPECT_NE(mistake(with("tags", Json::array({text(65)}))), "none");
  Json tags = Json::array();
  for (int i = 0; i < 32; ++i) tags.push_back("t" + std::to_string(i));
  EXPECT_EQ(mistake(with("tags", tags)), "none");
  tags.push_back("one-more");
  EXPECT_EQ(mistake(with("tags", tags)), "tags has more than 32 items");
}

TEST(RuleObjectTest, InvalidRevisionAndTimesCountAsAbsent) {
  for (const Json& revision : {Json(-1), Json(0), Json(1.5), Json("3"), Json(1ULL << 60)}) {
    EXPECT_EQ(read(with("revision", revision))->rule.revision, 0u) << revision;
  }
  EXPECT_EQ(read(with("revision", 3))->rule.revision, 3u);
  EXPECT_EQ(read(with("created_at", "yesterday"))->rule.created_at, 0u);
  EXPECT_EQ(read(with("created_at", 5))->rule.created_at, 0u);
}

TEST(RuleIdOfNameTest, IsTheNameTheSlugOrTheHash) {
  EXPECT_EQ(rule_id_of_name("PII.without_audit-1"), "PII.without_audit-1");
  EXPECT_EQ(rule_id_of_name("  Slow Requests (API)! "), "slow-requests-api");
  EXPECT_EQ(rule_id_of_name("test"), "rule-9f86d081");  // SHA-256 of "test"
  EXPECT_EQ(rule_id_of_name("\xC3\xA9\xC3\xA9").substr(0, 5), "rule-");
  EXPECT_EQ(rule_id_of_name(std::string(200, 'a') + " b"), std::string(128, 'a'));
}

TEST(RuleObjectJsonTest, WritesMembersInTheDocumentedOrderAndReadsThemBack) {
  Json json = object();
  json["revision"] = 3;
  json["created_at"] = "2026-01-31T10:00:00Z";
  json["updated_at"] = "2026-02-02T08:15:30.25Z";
  const model::Rule rule = read(json)->rule;
  const std::string text = rule_object(rule).dump();
  EXPECT_EQ(text,
            R"({"id":"slow","name":"slow","description":"","expression":"span.duration > 1s",)"
            R"("enabled":true,"severity":"MEDIUM","tags":[],"message":"","require_complete":false,)"
            R"("revision":3,"created_at":"2026-01-31T10:00:00Z",)"
            R"("updated_at":"2026-02-02T08:15:30.25Z"})");
  const model::Rule again = read(Json::parse(text))->rule;
  EXPECT_EQ(rule_sha256(again), rule_sha256(rule));
  EXPECT_EQ(rule_etag(again), rule_etag(rule));
}

TEST(RuleEtagTest, TellsContentAndRevisionNotTimes) {
  const model::Rule rule = read(object())->rule;
  model::Rule other = rule;
  other.updated_at = 5;
  EXPECT_EQ(rule_etag(other), rule_etag(rule));
  other.revision = 9;
  EXPECT_EQ(rule_etag(other).substr(0, 3), "\"9-");
  EXPECT_EQ(rule_etag(other).substr(3), rule_etag(rule).substr(3));
  other.revision = rule.revision;
  other.tags = {"a"};
  EXPECT_NE(rule_etag(other), rule_etag(rule));
  EXPECT_EQ(rule_etag(rule).size(), 2 + 1 + 1 + 16u);
}

}  // namespace
}  // namespace betrace::storage
