// Goal: rules go from a server or a folder into a file and back, all or none of them, and the exit
// says what happened. A server that runs on the folder is not needed, and not disturbed.
// Method: the whole command line, over real folders and a real service.

#include "betrace/app/rules_transfer.h"

#include <gtest/gtest.h>

#include <sstream>

#include "betrace/app/command_line.h"
#include "betrace/app/service.h"
#include "betrace/base/json.h"
#include "betrace/base/test_directory.h"
#include "betrace/bench/free_port.h"
#include "betrace/http/client.h"

namespace betrace::app {
namespace {

constexpr std::string_view kTwoRules = R"({"rules": [
  {"id": "a", "name": "A", "expression": "span.duration > 1s", "revision": 7,
   "created_at": "2026-01-31T10:00:00Z", "updated_at": "2026-02-02T08:15:30.25Z"},
  {"id": "b", "name": "B", "expression": "payment and not audit", "enabled": false}]})";

class RulesFolderTransferTest : public testing::Test {
 protected:
  RulesFolderTransferTest() { folder_.write("two.json", kTwoRules); }

  int run(std::vector<std::string> arguments) {
    out_.str("");
    err_.str("");
    arguments.insert(arguments.begin(), "rules");
    std::istringstream in;
    return run_command_line(std::move(arguments), {in, out_, err_, {}});
  }

  // The command on a folder of rules below the folder of the test.
  int run_on(const std::string& rules, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--storage-path", folder_.file(rules)});
    return run(std::move(arguments));
  }

  Json exported(const std::string& rules) {
    EXPECT_EQ(run_on(rules, {"export"}), 0) << err_.str();
    return Json::parse(out_.str())["rules"];
  }

  TestDirectory folder_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(RulesFolderTransferTest, AnEmptyFolderGetsTheRulesWithRevisionsAndTimes) {
  ASSERT_EQ(run_on("rules", {"import", folder_.file("two.json")}), 0) << err_.str();
  EXPECT_EQ(out_.str(), "2 rules: 2 created, 0 updated, 0 unchanged, 0 skipped, 0 deleted\n");
  const Json rules = exported("rules");
  ASSERT_EQ(rules.size(), 2u);
  EXPECT_EQ(rules[0]["revision"], 7);
  EXPECT_EQ(rules[0]["updated_at"], "2026-02-02T08:15:30.25Z");
  EXPECT_EQ(rules[1]["enabled"], false);
}

TEST_F(RulesFolderTransferTest, EveryFormGoesOutAndComesBackEqual) {
  ASSERT_EQ(run_on("rules", {"import", folder_.file("two.json")}), 0) << err_.str();
  const Json rules = exported("rules");
  for (const std::string form : {"json", "yaml", "ndjson"}) {
    const std::string file = folder_.file("backup." + form);
    ASSERT_EQ(run_on("rules", {"export", "-o", file}), 0) << err_.str();
    ASSERT_EQ(run_on("from-" + form, {"import", file}), 0) << form << err_.str();
    EXPECT_EQ(exported("from-" + form), rules) << form;
  }
}

TEST_F(RulesFolderTransferTest, AWrongRuleIsExitOneAndNothingIsChanged) {
  ASSERT_EQ(run_on("rules", {"import", folder_.file("two.json")}), 0) << err_.str();
  const Json before = exported("rules");
  folder_.write("bad.json", R"([{"name": "c", "expression": "span.duration > 3s"},
                                {"name": "d", "expression": "span.duraton > 3s"}])");
  EXPECT_EQ(run_on("rules", {"import", "--prune", folder_.file("bad.json")}), 1);
  EXPECT_NE(err_.str().find("rules[1] d: line 1, column 1: unknown field"), std::string::npos)
      << err_.str();
  EXPECT_NE(err_.str().find("nothing was changed"), std::string::npos);
  EXPECT_EQ(exported("rules"), before);
  folder_.write("broken.json", "{");
  EXPECT_EQ(run_on("rules", {"import", folder_.file("broken.json")}), 1);
  EXPECT_EQ(exported("rules"), before);
  EXPECT_EQ(run_on("rules", {"import", folder_.file("none.json")}), 2);
}

TEST_F(RulesFolderTransferTest, PruneMakesTheFolderEqualAndDryRunOnlySaysSo) {
  ASSERT_EQ(run_on("rules", {"import", folder_.file("two.json")}), 0) << err_.str();
  folder_.write("one.yaml", "rules:\n  - {id: a, name: A, expression: span.duration > 2s}\n");
  const std::vector<std::string> prune = {"import", "--prune", "--on-conflict", "replace",
                                          folder_.file("one.yaml")};
  std::vector<std::string> dry = prune;
  dry.push_back("--dry-run");
  ASSERT_EQ(run_on("rules", dry), 0) << err_.str();
  EXPECT_NE(out_.str().find("1 updated, 0 unchanged, 0 skipped, 1 deleted"), std::string::npos);
  EXPECT_EQ(exported("rules").size(), 2u);
  ASSERT_EQ(run_on("rules", prune), 0) << err_.str();
  const Json rules = exported("rules");
  ASSERT_EQ(rules.size(), 1u);
  EXPECT_EQ(rules[0]["revision"], 8);
}

TEST_F(RulesFolderTransferTest, PartialStoresWhatCanBeStoredAndExitsOneAllTheSame) {
  folder_.write("bad.ndjson", "{\"name\": \"c\", \"expression\": \"span.duration > 3s\"}\n{}\n");
  EXPECT_EQ(run_on("rules", {"import", "--partial", folder_.file("bad.ndjson")}), 1);
  EXPECT_NE(out_.str().find("2 rules: 1 created"), std::string::npos) << out_.str();
  EXPECT_EQ(exported("rules").size(), 1u);
}

TEST_F(RulesFolderTransferTest, AFolderThatIsNotThereIsNotMadeByAnExport) {
  EXPECT_EQ(run_on("nowhere", {"export"}), 1);
  EXPECT_FALSE(folder_.has("nowhere"));
}

class RulesServerTransferTest : public RulesFolderTransferTest {
 protected:
  RulesServerTransferTest() {
    telemetry::LogOptions quiet;
    quiet.sink = [](std::string_view) {};
    log_ = std::make_unique<telemetry::Logger>(std::move(quiet));
    ServiceOptions options;
    options.addresses = {"127.0.0.1"};
    options.http_port = bench::free_ports<1>()[0];
    options.otlp_http_port = options.otlp_grpc_port = 0;
    options.storage_path = folder_.file("served");
    auto started = Service::start(std::move(options), *log_);
    if (!started) throw std::runtime_error(started.error().message);
    service_ = std::move(*started);
  }

  int ask(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--http-port", std::to_string(service_->http_port())});
    return run(std::move(arguments));
  }

  std::unique_ptr<telemetry::Logger> log_;
  std::unique_ptr<Service> service_;
};

TEST_F(RulesServerTransferTest, AServerTakesAndGivesThemThroughItsApi) {
  ASSERT_EQ(ask({"import", folder_.file("two.json")}), 0) << err_.str();
  EXPECT_EQ(out_.str(), "2 rules: 2 created, 0 updated, 0 unchanged, 0 skipped, 0 deleted\n");
  ASSERT_EQ(ask({"export", "--format", "yaml"}), 0) << err_.str();
  EXPECT_NE(out_.str().find("- id: \"a\""), std::string::npos);
  folder_.write("other.json", R"({"id": "a", "name": "A", "expression": "span.duration > 9s"})");
  EXPECT_EQ(ask({"import", folder_.file("other.json")}), 1);
  EXPECT_NE(err_.str().find("rules[0] a: rule a exists"), std::string::npos) << err_.str();
  EXPECT_NE(err_.str().find("nothing was changed"), std::string::npos);
  folder_.write("broken.yaml", "a: [");
  EXPECT_EQ(ask({"import", folder_.file("broken.yaml")}), 1);
  EXPECT_EQ(ask({"import", "--on-conflict", "skip", folder_.file("other.json")}), 0);
  EXPECT_NE(out_.str().find("1 skipped"), std::string::npos);
}

TEST_F(RulesServerTransferTest, NoServerIsExitOne) {
  const auto port = std::to_string(bench::free_ports<1>()[0]);
  EXPECT_EQ(run({"import", folder_.file("two.json"), "--http-port", port}), 1);
  EXPECT_EQ(run({"export", "--http-port", port}), 1);
  EXPECT_TRUE(out_.str().empty());
}

}  // namespace
}  // namespace betrace::app
