// Goal: a backup of the rules can be posted back, rule by rule, as the operator guide does it:
// lossless into an empty store, without effect on an identical one, and again after a restart.

#include <filesystem>

#include "betrace/api/test_api.h"

namespace betrace::api {
namespace {

class RulesRestoreTest : public ApiTest {
 protected:
  // Rules with everything that a shell or a parser could spoil, some changed more than once.
  void fill() {
    const Json rules = {
        {{"name", "PII without audit"},
         {"description", "line one\nline \"two\" \\ back\tslash, caf\u00e9 \U0001F600"},
         {"expression",
          "trace.has(span.attributes[\"pii.accessed\"] == true) and not "
          "trace.has(span.name == \"audit \\\"log\\\"\")"},
         {"severity", "CRITICAL"},
         {"tags", {"soc2:CC6.1", "hipaa:164.312(b)"}},
         {"message", "read by {span.name} {{literal"}},
        {{"id", "b"}, {"name", "b"}, {"expression", "true"}, {"require_complete", false}},
        {{"id", "off"}, {"name", "off"}, {"expression", "false"}, {"enabled", false}},
    };
    for (const Json& rule : rules) {
      ASSERT_EQ(post("/v1/rules", rule.dump()).status, 201) << rule.dump();
      pass(std::chrono::nanoseconds(1'234'567'891));
    }
    ASSERT_EQ(call("PATCH", "/v1/rules/b", R"({"severity":"LOW"})").status, 200);
    pass(std::chrono::seconds(1));
    ASSERT_EQ(call("PATCH", "/v1/rules/b", R"({"severity":"HIGH"})").status, 200);
    pass(std::chrono::seconds(1));
  }

  // What `jq -c '.rules[]'` feeds to the loop, one request a rule; returns the statuses by id.
  std::vector<int> post_all(const std::string& backup, const std::string& parameters = "") {
    std::vector<int> statuses;
    const Json document = parse_json(backup).value();
    for (const Json& rule : document.at("rules")) {
      statuses.push_back(post("/v1/rules" + parameters, rule.dump()).status);
    }
    return statuses;
  }

  void empty_the_store() {
    close();
    for (const std::string& name : directory_.names()) {
      std::filesystem::remove_all(directory_.file(name));
    }
    open();
    ASSERT_EQ(get("/v1/rules").at("/total_count"), 0);
  }

  std::string rules() { return get("/v1/rules").at("/rules").dump(); }
};

using Statuses = std::vector<int>;

TEST_F(RulesRestoreTest, RestoresAnEmptyStoreLosslessly) {
  fill();
  const std::string backup = get("/v1/rules").body;
  const std::string before = rules();
  empty_the_store();
  pass(std::chrono::hours(1));
  EXPECT_EQ(post_all(backup), (Statuses{201, 201, 201}));
  EXPECT_EQ(rules(), before);
  EXPECT_EQ(get("/v1/rules").body, backup);
  EXPECT_EQ(get("/v1/rules/off").at("/state"), "disabled");
  reopen();
  EXPECT_EQ(rules(), before);
}

TEST_F(RulesRestoreTest, ChangesNothingOnAnIdenticalStore) {
  fill();
  const Answer backup = get("/v1/rules");
  pass(std::chrono::hours(1));
  const std::uint64_t last = log_->status().last_sequence;
  EXPECT_EQ(post_all(backup.body), (Statuses{200, 200, 200}));
  EXPECT_EQ(post_all(backup.body, "?on_conflict=replace"), (Statuses{200, 200, 200}));
  EXPECT_EQ(get("/v1/rules").header("ETag"), backup.header("ETag"));
  EXPECT_EQ(log_->status().last_sequence, last);
}

TEST_F(RulesRestoreTest, StopsAtDifferingRulesUnlessToldToReplace) {
  fill();
  const std::string backup = get("/v1/rules").body;
  ASSERT_EQ(call("PATCH", "/v1/rules/b", R"({"expression":"false"})").status, 200);
  EXPECT_EQ(post_all(backup), (Statuses{409, 200, 200})) << backup;
}

TEST_F(RulesRestoreTest, ReplacingRestoresContentAndTimesButNoOldRevision) {
  fill();
  const Answer backup = get("/v1/rules");
  const Json old_b = get("/v1/rules/b?statistics=false").json;
  ASSERT_EQ(old_b["revision"], 3);
  pass(std::chrono::seconds(9));
  ASSERT_EQ(call("PATCH", "/v1/rules/b", R"({"expression":"false"})").status, 200);
  for (const int status : post_all(backup.body, "?on_conflict=replace")) EXPECT_EQ(status, 200);
  Json new_b = get("/v1/rules/b?statistics=false").json;
  EXPECT_EQ(new_b["revision"], 5);
  new_b["revision"] = old_b["revision"];
  EXPECT_EQ(new_b, old_b);
}

TEST_F(RulesRestoreTest, AnExportImportsIntoAnEqualExport) {
  fill();
  for (const char* format : {"json", "yaml", "ndjson"}) {
    const std::string target = std::string("/v1/rules/export?format=") + format;
    const Answer exported = get(target);
    ASSERT_EQ(exported.status, 200);
    const std::string before = rules();
    empty_the_store();
    const std::string type = exported.header("Content-Type");
    const std::string media_type = type.substr(0, type.find(';'));
    const Answer imported = post("/v1/rules/import", exported.body, {{"Content-Type", media_type}});
    EXPECT_EQ(imported.status, 200) << format << imported.body;
    EXPECT_EQ(imported.at("/created"), 3);
    EXPECT_EQ(rules(), before) << format;
  }
}

TEST_F(RulesRestoreTest, TheExportFeedsTheSameLoop) {
  fill();
  const std::string exported = get("/v1/rules/export").body;
  const std::string before = rules();
  empty_the_store();
  EXPECT_EQ(post_all(exported), (Statuses{201, 201, 201}));
  EXPECT_EQ(rules(), before);
}

}  // namespace
}  // namespace betrace::api
