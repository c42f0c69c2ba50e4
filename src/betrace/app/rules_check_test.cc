// Goal: every rule of files and folders is checked, each mistake has its place, exits say what is.

#include "betrace/app/rules_check.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "betrace/base/json.h"
#include "betrace/base/test_directory.h"

namespace betrace::app {
namespace {

class RulesCheckTest : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) { directory_.write(name, text); }

  int check(bool is_json = false) {
    RulesCheckOptions options;
    options.paths = {folder_};
    options.is_json = is_json;
    return run_rules_check(options, out_, err_);
  }

  TestDirectory directory_;
  const std::string folder_ = directory_.path();
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(RulesCheckTest, GoodRulesOfAFolderExitZero) {
  write("a.yaml", "rules:\n  - {name: slow, expression: span.duration > 2s}\n");
  write("deep/b.json", R"({"name":"b","expression":"payment and not audit"})");
  EXPECT_EQ(check(), 0) << err_.str();
  EXPECT_NE(out_.str().find("a.yaml: slow: ok (span scope, decided on arrival)"),
            std::string::npos);
  EXPECT_NE(out_.str().find("2 rules, 0 wrong"), std::string::npos);
}

TEST_F(RulesCheckTest, AWrongRuleIsShownWithPlaceCaretAndCode) {
  write("a.json", R"({"name":"a","expression":"span.foo == 1"})");
  EXPECT_EQ(check(), 1);
  EXPECT_NE(out_.str().find("a.json: a:1:"), std::string::npos) << out_.str();
  EXPECT_NE(out_.str().find("[E_UNKNOWN_FIELD]"), std::string::npos);
  EXPECT_NE(out_.str().find("^"), std::string::npos);
}

TEST_F(RulesCheckTest, JsonOutputHasTheSameVerdict) {
  write("a.json", R"([{"name":"a","expression":"span.foo == 1"},{"name":"b","expression":"b"}])");
  EXPECT_EQ(check(true), 1);
  const Json json = Json::parse(out_.str());
  EXPECT_EQ(json.at("wrong"), 1);
  EXPECT_EQ(json.at("rules")[0].at("error").at("code"), "E_UNKNOWN_FIELD");
  EXPECT_EQ(json.at("rules")[1].at("scope"), "trace");
}

TEST_F(RulesCheckTest, AFileThatCannotBeReadIsAUsageError) {
  write("a.json", "{ not json");
  EXPECT_EQ(check(), 2);
  EXPECT_NE(err_.str().find("a.json"), std::string::npos);
}

TEST_F(RulesCheckTest, AFolderWithoutRulesIsAUsageError) { EXPECT_EQ(check(), 2); }

TEST_F(RulesCheckTest, TheTestsOfAPackAreNotTakenForRules) {
  write("rules.yaml", "{name: a, expression: a}");
  write("tests/cases.yaml", "cases: []");
  EXPECT_EQ(check(), 0) << err_.str();
}

TEST_F(RulesCheckTest, EveryShapeOfADocumentIsRead) {
  write("one.json", R"({"name":"one","expression":"a"})");
  write("list.json", R"([{"name":"two","expression":"a"},{"name":"three","condition":"a"}])");
  write("wrapped.yml", "rules:\n- name: four\n  expression: |\n    a\n    or b\n");
  write("ignored.txt", "not a rule");
  EXPECT_EQ(check(), 0) << out_.str() << err_.str();
  EXPECT_NE(out_.str().find("4 rules, 0 wrong, 0 warnings"), std::string::npos) << out_.str();
}

TEST_F(RulesCheckTest, WarningsAreShownAndDoNotFail) {
  write("a.json", R"({"name":"a","expression":"span.duration > 1000"})");
  EXPECT_EQ(check(), 0);
  EXPECT_NE(out_.str().find("a.json: a:1:17: warning: 1000 is read as nanoseconds"),
            std::string::npos)
      << out_.str();
  EXPECT_NE(out_.str().find("1 rule, 0 wrong, 1 warning"), std::string::npos);
}

TEST_F(RulesCheckTest, AMissingFileIsAUsageErrorAndTheOthersAreStillChecked) {
  write("a.json", R"({"name":"a","expression":"a"})");
  RulesCheckOptions options;
  options.paths = {folder_ + "/none.json", folder_ + "/a.json"};
  EXPECT_EQ(run_rules_check(options, out_, err_), 2);
  EXPECT_NE(err_.str().find("none.json: cannot be read"), std::string::npos);
  EXPECT_NE(out_.str().find("a.json: a: ok (trace scope, decided early)"), std::string::npos);
}

TEST_F(RulesCheckTest, AFileWithoutEndIsRefused) {
  RulesCheckOptions options;
  options.paths = {"/dev/zero"};
  EXPECT_EQ(run_rules_check(options, out_, err_), 2);
}

TEST_F(RulesCheckTest, ColoursOnlyOnDemand) {
  write("a.json", R"({"name":"a","expression":"span.foo == 1"})");
  EXPECT_EQ(check(), 1);
  EXPECT_EQ(out_.str().find('\x1b'), std::string::npos);
  RulesCheckOptions options;
  options.paths = {folder_};
  options.colour = true;
  EXPECT_EQ(run_rules_check(options, out_, err_), 1);
  EXPECT_NE(out_.str().find('\x1b'), std::string::npos);
}

TEST_F(RulesCheckTest, AnExplanationSaysWhatARuleMeansAndReads) {
  write("a.json", R"({"name":"a","expression":"payment.amount > 1000 and not audit"})");
  RulesCheckOptions options;
  options.paths = {folder_};
  EXPECT_EQ(run_rules_explain(options, out_, err_), 0);
  for (const char* line :
       {"scope      trace\n", "decided    at close\n", "clause     not audit\n",
        "means      trace.has(span.name == \"payment\" and span.attributes[\"amount\"] > 1000)",
        "reads      span.attributes[\"amount\"], span.name\n",
        "evaluated  if a span has span.attributes[\"amount\"] > 1000 and "
        "span.name == \"payment\"\n",
        "keeps      spans with span.name == \"audit\"\n"}) {
    EXPECT_NE(out_.str().find(line), std::string::npos) << line << "\n" << out_.str();
  }
}

TEST_F(RulesCheckTest, AnExplanationSaysWhichStateSeveralRulesShare) {
  write("a.json", R"({"name":"a","expression":"when { payment } always { audit }"})");
  write("b.json", R"({"name":"b","expression":"trace.span_count > 100 and not audit"})");
  RulesCheckOptions options;
  options.paths = {folder_};
  EXPECT_EQ(run_rules_explain(options, out_, err_), 0);
  for (const char* line : {"keeps      spans with span.name == \"audit\" (as 1 other rule)\n",
                           "evaluated  on any trace: no span is needed to violate it\n"}) {
    EXPECT_NE(out_.str().find(line), std::string::npos) << line << "\n" << out_.str();
  }
}

}  // namespace
}  // namespace betrace::app
