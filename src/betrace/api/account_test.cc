// Goal: the audit shows who changed what and who was refused; the statistics show what was seen.
// Method: the whole API over real stores, with a clock that is set by hand.

#include "betrace/api/test_api.h"

namespace betrace::api {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class AccountTest : public ApiTest {
 protected:
  void refuse(const std::string& actor) {
    clerk_->refusals().add(
        {actor, "10.0.0.7", "PUT", "/v1/rules/{id}", "forbidden", "7f", 403, 0, now().wall, 0});
  }
  void pass_a_minute() {
    pass(minutes(1));
    clerk_->advance(now());
    ASSERT_TRUE(log_->flush(seconds(60)).has_value());
  }
  /// Sends one trace of one slow span and lets it close.
  void send_slow_span() {
    const char* spans = R"({"spans":[{"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736",
        "span_id":"00f067aa0ba902b7","name":"pay","service":"checkout","duration_ms":2000}]})";
    ASSERT_EQ(post("/v1/spans", spans).status, 202);
    decide_everything();
  }
};

TEST_F(AccountTest, TheAuditShowsChangesAndRefusalsNewestFirst) {
  add_rule("a");
  pass(seconds(1));
  refuse("key:bob");
  refuse("key:bob");
  pass_a_minute();
  ASSERT_EQ(call("DELETE", "/v1/rules/a").status, 200);
  const Answer all = get("/v1/audit");
  ASSERT_EQ(all.status, 200) << all.body;
  ASSERT_EQ(all.at("/entries").size(), 3U);
  EXPECT_EQ(all.at("/entries/0/kind"), "rule_change");
  EXPECT_EQ(all.at("/entries/0/change"), "delete");
  EXPECT_EQ(all.at("/entries/0/rule_id"), "a");
  EXPECT_EQ(all.at("/entries/1/kind"), "refused");
  EXPECT_EQ(all.at("/entries/1/actor"), "key:bob");
  EXPECT_EQ(all.at("/entries/1/count"), 2);
  EXPECT_EQ(all.at("/entries/1/status"), 403);
  EXPECT_EQ(all.at("/entries/1/code"), "forbidden");
  EXPECT_EQ(all.at("/entries/2/change"), "create");
  EXPECT_TRUE(all.at("/entries/2/sequence").is_string());
  EXPECT_TRUE(all.at("/next_cursor").is_null());
}

TEST_F(AccountTest, TheAuditIsPagedAndFiltered) {
  for (const char* id : {"a", "b", "c"}) {
    add_rule(id);
    pass(seconds(1));
  }
  refuse("key:bob");
  pass_a_minute();
  EXPECT_EQ(get("/v1/audit?kind=refused").at("/entries").size(), 1U);
  std::vector<std::string> seen;
  std::string cursor;
  do {
    const Answer page =
        get("/v1/audit?kind=rule_change&limit=2" + (cursor.empty() ? "" : "&cursor=" + cursor));
    ASSERT_EQ(page.status, 200) << page.body;
    for (const Json& entry : page.at("/entries")) seen.push_back(entry["rule_id"]);
    cursor = page.at("/next_cursor").is_null() ? "" : page.at("/next_cursor").get<std::string>();
  } while (!cursor.empty());
  EXPECT_EQ(seen, (std::vector<std::string>{"c", "b", "a"}));
  EXPECT_EQ(get("/v1/audit?end_time=" + std::to_string(kStart / kSecond + 1) + "&kind=rule_change")
                .at("/entries")
                .size(),
            1U);
  EXPECT_EQ(get("/v1/audit?cursor=x").code(), "invalid_cursor");
  EXPECT_EQ(get("/v1/audit?kind=all2").code(), "invalid_parameter");
  EXPECT_EQ(get("/v1/audit?what=x").code(), "unknown_parameter");
}

TEST_F(AccountTest, StatisticsShowAWindow) {
  add_rule("slow");
  send_slow_span();
  pass_a_minute();
  const Answer answer = get("/v1/stats?window=1h");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.at("/window_seconds"), 3'600);
  EXPECT_EQ(answer.at("/rules/total"), 1);
  EXPECT_EQ(answer.at("/rules/by_severity/MEDIUM"), 1);
  EXPECT_EQ(answer.at("/spans/received"), 1);
  EXPECT_EQ(answer.at("/spans/ingested"), 1);
  EXPECT_EQ(answer.at("/traces/closed"), 1);
  EXPECT_EQ(answer.at("/traces/closed_by/complete"), 1);
  EXPECT_EQ(answer.at("/traces/blind_ratio"), 0.0);
  EXPECT_EQ(answer.at("/violations/total"), 1);
  EXPECT_EQ(answer.at("/violations/by_severity/MEDIUM"), 1);
  EXPECT_EQ(answer.at("/violations/by_completeness/none"), 1);
  EXPECT_EQ(answer.at("/violations/top_rules/0/rule_id"), "slow");
  EXPECT_EQ(answer.at("/violations/top_services/0/service"), "checkout");
  EXPECT_EQ(answer.at("/violations/timeline").size(), 12U);
  EXPECT_EQ(answer.at("/export/state"), "disabled");
  EXPECT_EQ(answer.at("/signing"), "off");
}

TEST_F(AccountTest, StatisticsForgetWhatIsOlderThanTheWindow) {
  add_rule("slow");
  send_slow_span();
  pass_a_minute();
  pass(std::chrono::hours(2));
  clerk_->advance(now());
  EXPECT_EQ(get("/v1/stats?window=1h").at("/spans/received"), 0);
  EXPECT_EQ(get("/v1/stats?window=1h").at("/violations/total"), 0);
  EXPECT_EQ(get("/v1/stats").at("/window_seconds"), 86'400);
  EXPECT_EQ(get("/v1/stats").at("/spans/received"), 1);
  EXPECT_EQ(get("/v1/stats?window=2h").code(), "invalid_parameter");
}

TEST_F(AccountTest, TheHistoryOfARuleTellsEachChangeAndOutlivesIt) {
  add_rule("a");
  pass(seconds(1));
  ASSERT_EQ(call("PATCH", "/v1/rules/a", R"({"severity":"HIGH"})").status, 200);
  ASSERT_EQ(post("/v1/rules/a/disable", "").status, 200);
  ASSERT_EQ(call("DELETE", "/v1/rules/a").status, 200);
  const Answer answer = get("/v1/rules/a/history");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.at("/total_count"), 4);
  std::vector<std::string> changes;
  for (const Json& each : answer.at("/revisions")) changes.push_back(each["change"]);
  EXPECT_EQ(changes, (std::vector<std::string>{"delete", "disable", "update", "create"}));
  EXPECT_EQ(answer.at("/revisions/2/diff"),
            parse_json(R"([{"member":"severity","new":"HIGH","old":"MEDIUM"}])").value());
  EXPECT_EQ(answer.at("/revisions/1/diff/0/member"), "enabled");
  EXPECT_EQ(answer.at("/revisions/0/source"), "api");
}

}  // namespace
}  // namespace betrace::api
