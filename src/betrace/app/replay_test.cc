#include "betrace/app/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "betrace/base/json.h"
#include "betrace/base/test_directory.h"

// Goal: a replay finds exactly what an independent count of the same record finds, says how sure it
// is, and ends with the exit code that are documented.

namespace betrace::app {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

const std::string kData = BETRACE_SOURCE_DIR "/tests/data/replay/";
const std::string kOrders = kData + "orders.otlp.jsonl";
constexpr const char* kShips =
    R"(when { trace.has(span.name == "charge") } always { trace.has(span.name == "ship") })";

struct ReplayOutcome {
  int exit_code = 0;
  std::string out;
  std::string err;
};

ReplayOutcome run(const ReplayOptions& options) {
  std::ostringstream out;
  std::ostringstream err;
  const int exit_code = run_replay(options, out, err);
  return ReplayOutcome{exit_code, out.str(), err.str()};
}

ReplayOptions orders(std::vector<std::string> expressions) {
  ReplayOptions options;
  options.rules.expressions = std::move(expressions);
  options.files = {kOrders};
  return options;
}

class ReplayTest : public ::testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) {
    return directory_.write(name, text);
  }

  TestDirectory directory_;
  const std::filesystem::path folder_ = directory_.path();
};

// Returns the lines of a Json run by trace id.
std::map<std::string, Json> by_trace(const std::string& lines) {
  std::map<std::string, Json> found;
  std::istringstream stream(lines);
  std::string line;
  while (std::getline(stream, line)) {
    const auto json = parse_json(line);
    EXPECT_TRUE(json.has_value()) << line;
    EXPECT_TRUE(found.emplace((*json)["trace_id"], *json).second) << "one line a violation";
  }
  return found;
}

TEST_F(ReplayTest, JudgesTheOrdersOfItsOwnData) {
  ReplayOptions options = orders({kShips});
  options.format = ReplayFormat::Json;
  const ReplayOutcome result = run(options);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const auto found = by_trace(result.out);
  ASSERT_EQ(found.size(), 3u) << result.out;
  const Json& never_shipped = found.at(std::string(32, 'b'));
  EXPECT_EQ(never_shipped["status"], "confirmed");
  EXPECT_EQ(never_shipped["completeness"], "complete");
  EXPECT_EQ(never_shipped["close_reason"], "complete");
  EXPECT_EQ(never_shipped["span_id"], "0000000000000005");
  EXPECT_EQ(never_shipped["witnesses"][0]["name"], "charge");
  EXPECT_EQ(found.at(std::string(32, 'c'))["status"], "withdrawn");
  EXPECT_EQ(found.at(std::string(32, 'd'))["completeness"], "no_root");
  EXPECT_EQ(found.at(std::string(32, 'd'))["close_reason"], "idle");
  EXPECT_THAT(result.err, HasSubstr("2 violations, 1 withdrawn\n"));
}

TEST_F(ReplayTest, PrintsALineForEachViolationAndASummary) {
  const ReplayOutcome result =
      run(orders({kShips, "span.duration > 10s", R"(trace.has(span.name == "charge"))"}));
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(
      result.out,
      ContainsRegex("2023-11-14T22:13:40\\.000Z  MEDIUM    rule-1  viol-[0-9a-f]{32}  trace "
                    "b{32}  span 0000000000000005  complete  "));
  EXPECT_THAT(result.out, HasSubstr("span 000000000000000a  early  "));
  // The early violations of trace scope waited for their grade.
  EXPECT_THAT(result.out, ContainsRegex("rule-3  viol-[0-9a-f]{32}  trace d{32}  span "
                                        "0000000000000008  no_root  "));
  EXPECT_THAT(result.out, HasSubstr("10 spans in 5 requests of 1 file\n"
                                    "5 traces closed: 4 complete, 1 idle\n"
                                    "  graded: 4 complete, 1 no_root\n"
                                    "  late spans: 1 redecided\n"
                                    "7 violations, 1 withdrawn\n"
                                    "          2  rule-1  (1 withdrawn)\n"
                                    "          1  rule-2\n"
                                    "          4  rule-3\n"));
  EXPECT_EQ(result.err, "");
}

TEST_F(ReplayTest, MovesTheClockByTheRecordAndTheLimitsGiven) {
  ReplayOptions options = orders({kShips});
  // Trace cc is still open when its order ships.
  options.engine.table.closure.quiet = std::chrono::seconds(24);
  EXPECT_THAT(run(options).out, HasSubstr("\n2 violations\n"));
  // Its late span comes after it was evicted: a remainder, of which nothing is withdrawn.
  options.engine.table.closure.quiet = std::chrono::seconds(1);
  options.engine.table.late_max = std::chrono::seconds(2);
  const ReplayOutcome evicted = run(options);
  EXPECT_THAT(evicted.out, HasSubstr("\n3 violations\n"));
  EXPECT_THAT(evicted.out, HasSubstr("1 reopened"));
}

TEST_F(ReplayTest, TreatsSeveralFilesAsOneRecord) {
  ReplayOptions options = orders({kShips});
  options.files = {kOrders, kOrders};
  const ReplayOutcome result = run(options);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, HasSubstr("20 spans in 10 requests of 2 files\n"));
  EXPECT_THAT(result.out, HasSubstr("spans dropped: 10 duplicate\n"));
  EXPECT_THAT(result.out, HasSubstr("2 violations, 1 withdrawn\n"));
}

TEST_F(ReplayTest, FailsOnTheSeverityAskedFor) {
  ReplayOptions options = orders({kShips});
  options.fail_on = model::Severity::Medium;
  EXPECT_EQ(run(options).exit_code, 3);
  options.fail_on = model::Severity::High;
  EXPECT_EQ(run(options).exit_code, 0);
  options.rules.expressions = {"span.duration > 1h"};
  options.fail_on = model::Severity::Low;
  EXPECT_EQ(run(options).exit_code, 0);
}

TEST_F(ReplayTest, ReadsRulesFromFoldersAndPassesTheirTestsOver) {
  write(
      "pack/orders.yaml",
      std::string("rules:\n  - id: ships\n    name: Ships\n    severity: high\n    expression: '") +
          kShips + "'\n");
  write("pack/deeper/slow.json", R"({"name":"Slow","expression":"span.duration > 10s"})");
  write("pack/off.json", R"({"id":"off","name":"Off","expression":"true","enabled":false})");
  write("pack/tests/case.yaml", "cases: []\n");
  write("pack/.betrace/state.json", "not a rule");
  write("pack/readme.txt", "not a rule");
  ReplayOptions options = orders({});
  options.rules.paths = {(folder_ / "pack").string()};
  options.fail_on = model::Severity::High;
  const ReplayOutcome result = run(options);
  EXPECT_EQ(result.exit_code, 3) << result.err;
  EXPECT_THAT(result.out, HasSubstr("          1  Slow\n          2  ships  (1 withdrawn)\n"));
  EXPECT_THAT(result.out, ::testing::Not(HasSubstr("off")));
}

TEST_F(ReplayTest, ShowsEveryRuleThatIsWrong) {
  ReplayOptions options = orders({"span.duration >", "span.name == \"a\""});
  const std::string file = write("rules.json", R"([{"id":"rule-2","name":"a","expression":"true"},
      {"id":"x","name":"b","expression":"span.nome == 1"}, {"id":"y"}])");
  options.rules.paths = {file, (folder_ / "none.yaml").string(), folder_.string() + "/empty"};
  std::filesystem::create_directories(folder_ / "empty");
  const ReplayOutcome result = run(options);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err, HasSubstr("--rule 1:1:16: error: "));
  EXPECT_THAT(result.err, HasSubstr("--rule 2: rule rule-2 occurs twice\n"));
  EXPECT_THAT(result.err, HasSubstr(file + ": x:1:1: error: "));
  EXPECT_THAT(result.err, HasSubstr(file + ": [2]: name is missing\n"));
  EXPECT_THAT(result.err, HasSubstr("none.yaml: cannot be read\n"));
  EXPECT_THAT(result.err, HasSubstr("empty: holds no rules\n"));
}

TEST_F(ReplayTest, NamesTheLineThatCannotBeRead) {
  std::ifstream data(kOrders);
  std::string line;
  std::getline(data, line);
  ReplayOptions options = orders({kShips});
  options.files = {write("broken.jsonl", line + "\n{\"resourceSpans\":\n")};
  const ReplayOutcome result = run(options);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr(options.files[0] + ": line 2: malformed JSON: "));
  options.files = {(folder_ / "none").string()};
  EXPECT_EQ(run(options).exit_code, 1);
}

TEST_F(ReplayTest, CountsWhatWasRejectedAndCut) {
  ReplayOptions options = orders({"true"});
  options.files = {write("bad.jsonl", R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"spanId":"a"},
      {"traceId":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","spanId":"bbbbbbbbbbbbbbbb","name":")" +
                                          std::string(20'000, 'n') + "\"}]}]}]}")};
  const ReplayOutcome result = run(options);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("  spans rejected: 1 invalid_id\n"));
  EXPECT_THAT(result.out, HasSubstr("  parts cut at a limit: 1 value\n"));
  EXPECT_THAT(result.out, HasSubstr("graded: 1 truncated\n"));
}

TEST_F(ReplayTest, RefusesToRunWithoutRulesFilesOrUsableLimits) {
  EXPECT_EQ(run(ReplayOptions{}).exit_code, 2);
  ReplayOptions options = orders({});
  EXPECT_THAT(run(options).err, HasSubstr("no rules"));
  options = orders({"true"});
  options.files.clear();
  EXPECT_EQ(run(options).exit_code, 2);
  options = orders({"true"});
  options.engine.table.closure.quiet = std::chrono::hours(1);
  EXPECT_EQ(run(options).exit_code, 2);
}

// What the groups find together is what one process finds, each violation once.
TEST_F(ReplayTest, RuleGroupsShareTheRulesOut) {
  ReplayOptions options =
      orders({kShips, "span.duration > 10s", R"(trace.has(span.name == "charge"))"});
  options.format = ReplayFormat::Json;
  const auto lines_of = [&options] {
    std::multiset<std::string> lines;
    std::istringstream stream(run(options).out);
    for (std::string line; std::getline(stream, line);) lines.insert(line);
    return lines;
  };
  const std::multiset<std::string> whole = lines_of();
  std::multiset<std::string> together;
  for (const std::uint32_t index : {1U, 2U, 3U}) {
    options.rule_group = control::RuleGroup{index, 3};
    const std::multiset<std::string> part = lines_of();
    EXPECT_LT(part.size(), whole.size()) << index;
    together.insert(part.begin(), part.end());
  }
  EXPECT_EQ(together, whole);
}

TEST_F(ReplayTest, DrawsProgressForPeopleOnly) {
  ReplayOptions options = orders({kShips});
  options.show_progress = true;
  const ReplayOutcome result = run(options);
  EXPECT_THAT(result.err, HasSubstr("[########################################] 100%  5 spans"));
  EXPECT_THAT(result.err, ::testing::EndsWith("\r\x1b[K"));
  EXPECT_THAT(result.out, ::testing::Not(HasSubstr("\x1b")));
}

// The facts that an independent count of two real records gives.
TEST(RealRecordTest, GivesTheFactsOfTheRealRecords) {
  const std::string folder = BETRACE_SOURCE_DIR "/../shared/data/";
  if (!std::filesystem::exists(folder))
    GTEST_SKIP() << "the real records are not beside this checkout";
  struct Facts {
    const char* file;
    const char* summary;
  };
  for (const Facts& facts :
       {Facts{"online-boutique-healthy.otlp.jsonl.gz",
              "23,019 spans in 45 requests of 1 file\n497 traces closed: 497 complete\n"
              "  graded: 497 complete\n819 violations\n          0  rule-1\n"
              "         69  rule-2\n        726  rule-3\n         24  rule-4\n"},
        Facts{"online-boutique-checkout-fault.otlp.jsonl.gz",
              "23,328 spans in 46 requests of 1 file\n513 traces closed: 513 complete\n"
              "  graded: 513 complete\n723 violations\n          5  rule-1\n"
              "         69  rule-2\n        640  rule-3\n          9  rule-4\n"}}) {
    ReplayOptions options;
    options.files = {folder + facts.file};
    options.rules.expressions = {
        R"(when { trace.has(span.name == "hipstershop.PaymentService/Charge") }
           always { trace.has(span.name == "hipstershop.CheckoutService/ShipOrder") })",
        R"(trace.count(span.name == "hipstershop.ProductCatalogService/GetProduct") >= 13)",
        "span.duration > 100ms", "span.duration > 1s"};
    const ReplayOutcome result = run(options);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.out, ::testing::EndsWith(facts.summary));
  }
}

}  // namespace
}  // namespace betrace::app
