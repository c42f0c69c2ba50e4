// Goal: every rule of files and folders is checked, each mistake has its place, exits say what is.

#include "betrace/app/rules_check.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "betrace/base/json.h"

namespace betrace::app {
namespace {

class RulesCheckTest : public testing::Test {
 protected:
  RulesCheckTest() {
    std::string name = testing::TempDir() + "rules-check-XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~RulesCheckTest() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(folder_ + "/" + name).parent_path());
    std::ofstream(folder_ + "/" + name) << text;
  }

  int check(bool is_json = false) {
    RulesCheckOptions options;
    options.paths = {folder_};
    options.is_json = is_json;
    return run_rules_check(options, out_, err_);
  }

  std::string folder_;
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

}  // namespace
}  // namespace betrace::app
