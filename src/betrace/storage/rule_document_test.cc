#include "betrace/storage/rule_document.h"

#include <gtest/gtest.h>

#include "betrace/storage/yaml.h"

// Goal: all forms of documents, one wrong entry beside good ones, and YAML that says only what JSON
// could say.

namespace betrace::storage {
namespace {

std::vector<RuleEntry> entries(std::string_view text, RuleFormat format = RuleFormat::Json) {
  auto result = read_rule_document(text, format);
  EXPECT_TRUE(result.has_value()) << result.error().message;
  return result ? *std::move(result) : std::vector<RuleEntry>();
}

std::string mistake(std::string_view text, RuleFormat format = RuleFormat::Json) {
  const auto result = read_rule_document(text, format);
  return result ? "none" : result.error().message;
}

TEST(RuleDocumentTest, ReadsEveryForm) {
  EXPECT_EQ(entries(R"({"name":"a","expression":"x"})")[0].id, "a");
  EXPECT_EQ(entries(R"([{"name":"a","condition":"x"},{"name":"b","expression":"x"}])").size(), 2u);
  EXPECT_EQ(entries(R"({"rules":[{"name":"a","expression":"x"}]})")[0].place, "rules[0]");
  EXPECT_EQ(entries(R"({"format_version":1,"total_count":0,"rules":[]})").size(), 0u);
  const auto lines =
      entries("{\"name\":\"a\",\"expression\":\"x\"}\n\n{oops\r\n", RuleFormat::JsonLines);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_TRUE(lines[0].input.has_value());
  EXPECT_EQ(lines[1].place, "line 3");
  EXPECT_FALSE(lines[1].input.has_value());
}

TEST(RuleDocumentTest, AWrongEntryDoesNotHideTheOthers) {
  const auto list = entries(
      R"([{"name":"a","expression":"x"},5,{"id":"b","name":""},{"name":"a","expression":"y"}])");
  ASSERT_EQ(list.size(), 4u);
  EXPECT_TRUE(list[0].input.has_value());
  EXPECT_EQ(list[1].input.error().message, "the rule is not an object");
  EXPECT_EQ(list[2].id, "b");
  EXPECT_EQ(list[2].input.error().message, "expression is missing");
  EXPECT_EQ(list[3].input.error().message, "id \"a\" is there twice");
  EXPECT_EQ(list[3].index, 3u);
}

TEST(RuleDocumentTest, RefusesWhatIsNoDocument) {
  EXPECT_EQ(mistake(R"({"rules":{}})"), "rules is not a list");
  EXPECT_EQ(mistake(R"({"format_version":2,"rules":[]})"), "format_version is not 1");
  EXPECT_NE(mistake("["), "none");
  EXPECT_EQ(mistake(std::string(kRuleDocumentBytesMax + 1, ' ')),
            "document is longer than 10485760 bytes");
}

TEST(RuleDocumentTest, ReadsYaml) {
  const auto list = entries(R"(
rules:
  - name: slow
    severity: high
    enabled: false
    tags: [a, 'b']
    expression: >-
      span.duration
      > 1s
  - name: other
    expression: 'trace.has(span.name == "x")'
)",
                            RuleFormat::Yaml);
  ASSERT_EQ(list.size(), 2u);
  ASSERT_TRUE(list[0].input.has_value()) << list[0].input.error().message;
  EXPECT_EQ(list[0].input->rule.expression, "span.duration > 1s");
  EXPECT_FALSE(list[0].input->rule.enabled);
  EXPECT_EQ(list[0].input->rule.tags, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(list[1].input->rule.expression, "trace.has(span.name == \"x\")");
}

TEST(RuleDocumentTest, WhatIsWrittenReadsBackInEveryFormat) {
  model::Rule rule;
  rule.id = "a";
  rule.name = "a: \"b\" #c \\ \xC3\xA9";
  rule.description = "two\nlines\t\x7F";
  rule.expression = "span.name == \"x\"";
  rule.tags = {"soc2:CC6.1"};
  rule.severity = model::Severity::Low;
  rule.revision = 12;
  rule.created_at = 1'700'000'000'123'000'000;
  for (const RuleFormat format : {RuleFormat::Json, RuleFormat::Yaml, RuleFormat::JsonLines}) {
    const std::string text = write_rule_document({rule}, 0, format);
    const auto list = entries(text, format);
    ASSERT_EQ(list.size(), 1u) << text;
    ASSERT_TRUE(list[0].input.has_value()) << list[0].input.error().message;
    EXPECT_EQ(rule_sha256(list[0].input->rule), rule_sha256(rule)) << text;
  }
  EXPECT_EQ(entries(write_rule_document({}, 0, RuleFormat::Yaml), RuleFormat::Yaml).size(), 0u);
}

TEST(RuleFormatTest, FollowsTheName) {
  EXPECT_EQ(rule_format_of("a.yaml"), RuleFormat::Yaml);
  EXPECT_EQ(rule_format_of("a.yml"), RuleFormat::Yaml);
  EXPECT_EQ(rule_format_of("a.ndjson"), RuleFormat::JsonLines);
  EXPECT_EQ(rule_format_of("a.json"), RuleFormat::Json);
}

std::string yaml(std::string_view text) {
  const auto value = yaml_to_json(text, 1'000'000);
  return value ? value->dump() : value.error().message;
}

TEST(YamlTest, ReadsScalarsByTheCoreSchema) {
  EXPECT_EQ(yaml("[1, -2, +3, 1.5, 1e3, true, False, null, ~, '1', \"true\", yes, 0x1F, 1.2.3]"),
            R"([1,-2,3,1.5,1000.0,true,false,null,null,"1","true","yes","0x1F","1.2.3"])");
  EXPECT_EQ(yaml("a:\nb: 18446744073709551615\nc: \n- "),
            R"({"a":null,"b":18446744073709551615,"c":[null]})");
  EXPECT_EQ(yaml("t: 2026-01-31T10:00:00Z"), R"({"t":"2026-01-31T10:00:00Z"})");
}

TEST(YamlTest, RefusesWhatExpandsOrHides) {
  EXPECT_EQ(yaml("a: &x 1"), "line 1: anchors are not allowed");
  EXPECT_EQ(yaml("a: &x [1]\nb: *x"), "line 1: anchors are not allowed");
  EXPECT_EQ(yaml("a: !!str 1"), "line 1: tags are not allowed");
  EXPECT_EQ(yaml("a: !mine {}"), "line 1: tags are not allowed");
  EXPECT_EQ(yaml("a: 1\na: 2"), "line 2: the key \"a\" is there twice");
  EXPECT_EQ(yaml("? [a]\n: 1"), "line 1: a key is not a text");
  EXPECT_EQ(yaml("a: 1\n---\nb: 2"), "more than one document");
  EXPECT_EQ(yaml(""), "empty document");
  EXPECT_EQ(yaml("a: \xFF"), "not valid UTF-8");
  EXPECT_EQ(yaml_to_json("a: 1", 3).error().message, "longer than 3 bytes");
  EXPECT_NE(yaml("a: [1").find("not YAML"), std::string::npos);
}

TEST(YamlTest, BoundsTheDepth) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_EQ(yaml(nested(kJsonDepthMax)), nested(kJsonDepthMax));
  EXPECT_EQ(yaml(nested(kJsonDepthMax + 1)), "line 1: nested deeper than 64");
  EXPECT_NE(yaml(nested(100'000)).find("line 1"), std::string::npos);
}

}  // namespace
}  // namespace betrace::storage
