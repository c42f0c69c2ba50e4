// Goal: the scenarios of this repository come out as written, and a test that is wrong says so.

#include "betrace/app/run_tests.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace betrace::app {
namespace {

namespace fs = std::filesystem;

class RunTestsTest : public testing::Test {
 protected:
  RunTestsTest()
      : folder_(fs::path(testing::TempDir()) / ("run_tests_" + std::to_string(getpid()))) {
    fs::create_directories(folder_);
  }
  ~RunTestsTest() override { fs::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) {
    const fs::path path = folder_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path.string();
  }

  int run(std::vector<std::string> paths, bool is_quiet = false) {
    out_.str("");
    error_.str("");
    return run_test({.paths = std::move(paths), .is_quiet = is_quiet}, out_, error_);
  }

  // Runs one case that is written below `cases:`.
  int run_case(const std::string& text) { return run({write("case.yaml", "cases:\n" + text)}); }

  void expect_error(const std::string& text, const std::string& message) {
    EXPECT_EQ(run_case(text), 2) << text;
    EXPECT_NE(error_.str().find(message), std::string::npos) << error_.str();
  }

  fs::path folder_;
  std::ostringstream out_;
  std::ostringstream error_;
};

constexpr const char* kCharge = R"(
  - name: charge
    rule: payment.charge and not fraud.check
    spans:
      - {name: POST /pay, id: root}
      - {name: payment.charge, id: pay}
)";

TEST_F(RunTestsTest, PassesAllScenariosOfThisRepository) {
  EXPECT_EQ(run({BETRACE_SOURCE_DIR "/tests/scenarios"}, true), 0) << out_.str() << error_.str();
  EXPECT_GE(std::stoi(out_.str()), 100) << "the summary counts them";
}

TEST_F(RunTestsTest, PassesTheTestsOfTheStarterPack) {
  EXPECT_EQ(run({BETRACE_SOURCE_DIR "/rules/starter"}, true), 0) << out_.str() << error_.str();
}

TEST_F(RunTestsTest, WritesASpanManyTimes) {
  EXPECT_EQ(run_case(R"(
  - name: many
    rule: count(retry) > 2
    spans: [{name: a, id: root}, {name: retry, id: r, times: 3}]
    expect: {witnesses: [r, r.2, r.3]}
)"),
            0)
      << out_.str();
  expect_error("  - {name: a, rule: x.y, spans: [{name: z, times: 0}], expect: none}\n",
               "times is not 1 to 10000");
}

TEST_F(RunTestsTest, PrintsALineForEachCaseAndASummary) {
  EXPECT_EQ(run_case(std::string(kCharge) + "    expect: violated\n"), 0);
  EXPECT_EQ(out_.str(),
            "ok    " + (folder_ / "case.yaml").string() + ": charge\n" + "1 of 1 case passed\n");
}

TEST_F(RunTestsTest, SaysWhatDiffers) {
  EXPECT_EQ(
      run_case(std::string(kCharge) + "    expect: {rule: rule, anchor: root, early: true}\n"), 1);
  EXPECT_NE(out_.str().find("FAIL  "), std::string::npos);
  EXPECT_NE(out_.str().find("anchor: expected root, got pay"), std::string::npos) << out_.str();
  EXPECT_NE(out_.str().find("early: expected true, got false"), std::string::npos);
  EXPECT_NE(out_.str().find("0 of 1 case passed"), std::string::npos);
}

TEST_F(RunTestsTest, FailsForAViolationThatNobodyExpected) {
  EXPECT_EQ(run_case(std::string(kCharge) + "    expect: satisfied\n"), 1);
  EXPECT_NE(out_.str().find("not expected: violation{rule: rule"), std::string::npos) << out_.str();
}

TEST_F(RunTestsTest, FailsForAViolationThatIsMissing) {
  EXPECT_EQ(run_case(std::string(kCharge) + "    expect: [rule, rule]\n"), 1);
  EXPECT_NE(out_.str().find("expected but missing: {rule: rule}"), std::string::npos);
  EXPECT_EQ(run_case("  - {name: a, rule: x.y, spans: [{name: z}], expect: violated}\n"), 1);
  EXPECT_NE(out_.str().find("expected a violation, got none"), std::string::npos);
}

TEST_F(RunTestsTest, ComparesRecordsInOrder) {
  const std::string text = R"(
  - name: storm
    rule: count(retry) > 0
    spans: [{name: retry, id: a}]
    records:)";
  EXPECT_EQ(run_case(text + " [{violation: rule, early: true}, {final: rule}]\n"), 0);
  EXPECT_EQ(run_case(text + " [{final: rule}, {violation: rule}]\n"), 1);
  EXPECT_NE(out_.str().find("kind: expected final, got violation"), std::string::npos);
  EXPECT_EQ(run_case(text + " [{violation: rule}]\n"), 1);
  EXPECT_NE(out_.str().find("record 2: not expected"), std::string::npos) << out_.str();
  EXPECT_EQ(run_case(text + " [{violation: rule}, {final: rule}, {withdrawn: rule}]\n"), 1);
  EXPECT_NE(out_.str().find("record 3: missing"), std::string::npos);
}

TEST_F(RunTestsTest, ComparesCounts) {
  EXPECT_EQ(run_case(std::string(kCharge) + "    counts: {ingested: 2, rule.violation: 1}\n"), 0);
  EXPECT_EQ(run_case(std::string(kCharge) + "    counts: {ingested: 3}\n"), 1);
  EXPECT_NE(out_.str().find("ingested: expected 3, got 2"), std::string::npos);
  EXPECT_EQ(run_case(std::string(kCharge) + "    counts: {ingestet: 3}\n"), 1);
  EXPECT_NE(out_.str().find("there is no count 'ingestet'"), std::string::npos);
}

TEST_F(RunTestsTest, FailsACaseWhoseRuleDoesNotLoad) {
  EXPECT_EQ(run_case("  - {name: a, rule: 'span.foo > 1', spans: [{name: z}], expect: none}\n"), 1);
  EXPECT_NE(out_.str().find("E_UNKNOWN_FIELD"), std::string::npos) << out_.str();
}

TEST_F(RunTestsTest, RefusesWhatIsMisspelt) {
  const std::string head = "  - {name: a, rule: x.y, ";
  expect_error(head + "spans: [{name: z}], expekt: none}\n", "unknown member expekt");
  expect_error(head + "spans: [{nam: z}], expect: none}\n", "unknown member nam");
  expect_error(head + "spans: [{took: 1s}], expect: none}\n", "name is missing");
  expect_error(head + "spans: [{name: z, tok: 1s}], expect: none}\n", "unknown member tok");
  expect_error(head + "spans: [{name: z, took: fast}], expect: none}\n",
               "took is not a duration such as 5s or 250ms");
  expect_error(head + "spans: [{name: z, parent: y}], expect: none}\n",
               "'y' is no span of this trace");
  expect_error(head + "spans: [{name: z, kind: sever}], expect: none}\n", "kind is");
  expect_error(head + "spans: [{name: z, at: 2s}, {name: y, at: 1s}], expect: none}\n",
               "at is before the entry above");
  expect_error(head + "spans: [{name: z}], expect: {anker: a}}\n", "anker is no field");
  expect_error(head + "spans: [{name: z}], settings: {idle: 1h}, expect: none}\n",
               "idle_max is not below age_max");
  expect_error(head + "spans: [{name: z}], settings: {quite: 1s}, expect: none}\n",
               "unknown member quite");
  expect_error(head + "spans: [{name: z}]}\n", "expect is missing");
  expect_error(head + "expect: none}\n", "spans are missing");
  expect_error("  - {name: a, spans: [{name: z}], expect: none}\n", "rules are missing");
  expect_error("  - {rule: x.y, spans: [{name: z}], expect: none}\n", "name is missing");
  expect_error(head + "only: other, spans: [{name: z}], expect: none}\n",
               "only names a rule that is not there");
}

TEST_F(RunTestsTest, ReadsFoldersAndLeavesFilesWithoutCasesAlone) {
  write("rules.yaml", "rules:\n  - {id: r, name: r, expression: x.y}\n");
  write("tests/a.yaml",
        "use: ../rules.yaml\ncases:\n  - {name: hit, spans: [{name: x.y}], expect: r}\n");
  write("tests/b.json", R"({"use":["../rules.yaml"],)"
                        R"("cases":[{"name":"miss","spans":[{"name":"z"}],"expect":"none"}]})");
  write("README.md", "no test");
  EXPECT_EQ(run({folder_.string()}), 0) << out_.str() << error_.str();
  EXPECT_NE(out_.str().find("2 of 2 cases passed"), std::string::npos);
}

TEST_F(RunTestsTest, NamesAFileThatCannotBeRead) {
  EXPECT_EQ(run({(folder_ / "absent.yaml").string()}), 2);
  EXPECT_NE(error_.str().find("absent.yaml: cannot be read"), std::string::npos) << error_.str();
  EXPECT_EQ(run({write("rules.yaml", "rules: []\n")}), 2);
  EXPECT_NE(error_.str().find("holds no 'cases'"), std::string::npos);
  EXPECT_EQ(run({write("broken.yaml", "cases: [}\n")}), 2);
  EXPECT_EQ(run({write("use.yaml", "use: absent.yaml\ncases: []\n")}), 2);
}

TEST_F(RunTestsTest, IsNotContentWithNothing) {
  EXPECT_EQ(run({folder_.string()}), 2);
  EXPECT_NE(error_.str().find("no test case was found"), std::string::npos);
}

TEST_F(RunTestsTest, GivesSpansWithoutParentsOneTree) {
  EXPECT_EQ(run_case(R"(
  - name: one tree
    rule: trace.span_count == 3 and not trace.has(span.is_orphan)
    spans: [{name: a}, {name: b}, {name: c}]
    expect: {grade: complete, closed: complete}
)"),
            0)
      << out_.str();
}

}  // namespace
}  // namespace betrace::app
