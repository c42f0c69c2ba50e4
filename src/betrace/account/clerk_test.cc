// Goal: each minute is accounted for once, exactly, and nothing that was lost is left out.
// Method: numbers of an engine are set by hand, time is passed in; the log is a real one.

#include "betrace/account/clerk.h"

#include <gmock/gmock.h>

#include "betrace/account/test_account.h"
#include "betrace/evidence/refusal.h"

namespace betrace::account {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(ClerkTest, WritesOneCoverageRecordAMinuteAndOneAtTheEnd) {
  pass(60s - 1ns);
  EXPECT_THAT(coverage(), IsEmpty());
  pass(1ns);
  pass(59s);
  pass(1s);
  pass(5s);
  clerk_->finish(now(), 0);
  const auto all = coverage();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].from, kBegin);
  for (std::size_t i = 1; i < all.size(); ++i) EXPECT_EQ(all[i].from, all[i - 1].to);
  EXPECT_EQ(all[2].to, now().wall);
}

TEST_F(ClerkTest, TellsTheNewestCoverageRecord) {
  EXPECT_FALSE(clerk_->last_coverage().has_value());
  engine_.spans_ingested["grpc"] = 5;
  pass(60s);
  engine_.spans_ingested["grpc"] = 7;
  pass(60s);
  EXPECT_EQ(clerk_->last_coverage()->spans_ingested, 2U);
  EXPECT_EQ(clerk_->last_coverage()->to, now().wall);
}

TEST_F(ClerkTest, CountsGapRecordsOfTheWindowWhoeverWroteThem) {
  const auto count = [this] {
    EXPECT_TRUE(log_->flush(60s).has_value());
    return clerk_->gaps_since(now(), 24h);
  };
  log_->record_gap({"suppressed", "a", 1, kBegin, kBegin});
  EXPECT_EQ(count().records, 1U) << "of the minute that goes on";
  EXPECT_EQ(count().since, kBegin) << "the process is younger";
  pass(60s);
  log_->record_gap({"export_parked", "", 1, kBegin, kBegin});
  EXPECT_EQ(count().records, 2U);
  pass(60s);
  pass(24h - 60s);
  EXPECT_EQ(count().records, 1U) << "the first minute ended a day ago";
  pass(24h);
  EXPECT_EQ(count().records, 0U);
  EXPECT_EQ(count().since,
            now().wall - static_cast<UnixNanos>(std::chrono::nanoseconds(24h).count()));
}

TEST_F(ClerkTest, AMinuteThatComesLateIsOneRecordAndTheNextIsInTime) {
  pass(185s);
  EXPECT_EQ(coverage().size(), 1U);
  pass(55s);
  EXPECT_EQ(coverage().size(), 2U);
}

TEST_F(ClerkTest, CoverageRecordsAddUpToTheCounters) {
  for (std::uint64_t minute = 1; minute <= 5; ++minute) {
    metrics_.add(MetricId::SpansReceived, {"grpc"}, 100);
    metrics_.add(MetricId::SpansReceived, {"http_json"}, 10);
    metrics_.add(MetricId::SpansRejected, {"invalid_id"}, static_cast<double>(minute));
    metrics_.add(MetricId::Refused, {"ingest_queue", "grpc"}, 2);
    metrics_.add(MetricId::Refused, {"ingest_queue", "json"}, 1);
    engine_.spans_ingested["grpc"] += 90;
    engine_.spans_duplicate += 3;
    engine_.spans_memory += minute % 2;
    engine_.traces_closed[2][5] += 9;
    engine_.traces_closed[4][1] += 1;
    engine_.rules["a"].pass += 7;
    engine_.rules["a"].error += 1;
    engine_.rules["a"].recorded += 2;
    engine_.rules_forgotten.violation += 1;
    pass(60s);
  }
  evidence::Coverage sum;
  for (const evidence::Coverage& each : coverage()) sum.add(each);
  EXPECT_EQ(sum.spans_received, 550U);
  EXPECT_EQ(sum.spans_rejected, (evidence::Counts{{"invalid_id", 15}}));
  EXPECT_EQ(sum.requests_refused, (evidence::Counts{{"ingest_queue", 15}}));
  EXPECT_EQ(sum.spans_ingested, 450U);
  EXPECT_EQ(sum.spans_dropped, (evidence::Counts{{"duplicate", 15}, {"memory", 3}}));
  EXPECT_EQ(sum.traces_closed_count(), 50U);
  EXPECT_EQ(sum.traces_closed_count("shed"), 5U);
  EXPECT_EQ(sum.evaluations_due, 45U);
  EXPECT_EQ(sum.evaluations_not_made, 5U);
  EXPECT_EQ(sum.violations_recorded, 10U);
}

TEST_F(ClerkTest, TellsAGapForEachCauseAndMinuteAndNoneForWhatCostsNoVerdict) {
  engine_.spans_duplicate = 5;
  engine_.spans_own = 6;
  engine_.spans_trace_limit = 7;
  engine_.traces_closed[4][1] = 2;  // memory, shed
  engine_.traces_closed[0][2] = 3;  // span_limit, truncated
  engine_.rules["a"].error = 1;
  engine_.rules["b"].not_made = 4;
  metrics_.add(MetricId::SpansRejected, {"invalid_text"}, 8);
  metrics_.add(MetricId::Refused, {"memory", "grpc"}, 9);
  pass(60s);
  EXPECT_THAT(gaps(), ElementsAre("shed - 2", "truncated - 3", "dropped_trace_limit - 7",
                                  "rejected_invalid_text - 8", "refused_memory - 9",
                                  "evaluations_missed a 1", "evaluations_missed b 4"));
  pass(60s);
  EXPECT_EQ(gaps().size(), 7U);  // nothing new was lost
  engine_.rules["b"].not_made = 6;
  pass(60s);
  EXPECT_EQ(gaps().back(), "evaluations_missed b 2");
}

TEST_F(ClerkTest, TellsWhatARuleMissedBeforeItWasDeleted) {
  engine_.rules_forgotten.not_made = 3;
  pass(60s);
  EXPECT_THAT(gaps(), ElementsAre("evaluations_missed - 3"));
}

TEST_F(ClerkTest, TellsTracesThatTheEndLeftOpen) {
  clerk_->finish(now(), 12);
  EXPECT_THAT(gaps(), ElementsAre("undecided - 12"));
}

TEST_F(ClerkTest, RecordsTheHashOfTheActiveRulesWheneverItChanges) {
  activate({rule("a"), rule("b")});
  activate({rule("a"), rule("b")});  // other objects, equal rules
  activate({rule("b")});
  activate({});
  const auto sets = records(LogRecordType::Ruleset);
  ASSERT_EQ(sets.size(), 3U);
  pass(60s);
  const Json last = evidence::read_canonical_json(sets.back().payload).value();
  EXPECT_EQ(last["rules_active"], 0);
  EXPECT_EQ(coverage().front().ruleset, last["ruleset"]);
}

TEST_F(ClerkTest, StatesEachControlOncePerPeriodCleanOnesToo) {
  activate({rule("a", {"soc2:CC6.1", "pii"}), rule("b", {"soc2:CC6.1", "hipaa:164.312(b)"}),
            rule("c", {"soc2:CC7.2"})});
  for (int minute = 0; minute < 60; ++minute) {
    engine_.rules["a"].pass += 10;
    engine_.rules["b"].pass += 1;
    if (minute == 30) {
      model::Violation violation;
      violation.tags = {"soc2:CC6.1", "pii"};
      clerk_->violation_recorded(violation);
      engine_.rules["a"].violation += 1;
    }
    pass(60s);
  }
  const auto all = compliance();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].control.tag(), "hipaa:164.312(b)");
  EXPECT_EQ(all[0].outcome(), "no_violation");
  EXPECT_EQ(all[0].verdict.evaluated(), 60U);
  EXPECT_EQ(all[1].control.tag(), "soc2:CC6.1");
  EXPECT_EQ(all[1].outcome(), "violations");
  EXPECT_EQ(all[1].verdict.violations, 1U);
  EXPECT_EQ(all[1].verdict.evaluated(), 661U);
  EXPECT_THAT(all[1].rules, ElementsAre("a", "b"));
  EXPECT_EQ(all[2].outcome(), "not_evaluated");
  evidence::Coverage sum;
  for (const evidence::Coverage& each : coverage()) sum.add(each);
  EXPECT_EQ(evidence::coverage_members(all[1].coverage), evidence::coverage_members(sum));
  EXPECT_EQ(all[1].coverage_records, 60U);
}

TEST_F(ClerkTest, ARuleThatGoesWithinAPeriodIsStatedOnceMore) {
  activate({rule("a", {"soc2:CC6.1"})});
  engine_.rules["a"].pass = 5;
  pass(60s);
  activate({});
  engine_.rules.clear();
  pass(59min);
  ASSERT_EQ(compliance().size(), 1U);
  EXPECT_EQ(compliance().front().verdict.evaluated(), 5U);
  pass(60min);
  EXPECT_EQ(compliance().size(), 1U);
}

TEST_F(ClerkTest, FoldsRefusalsPerActorRouteAndCode) {
  const auto refuse = [this](const std::string& actor, const std::string& code) {
    clerk_->refusals().add(
        {actor, "10.0.0.7", "PUT", "/v1/rules/{id}", code, "7f", 403, 0, now().wall, 0});
  };
  refuse("key:a", "forbidden");
  pass(10s);
  refuse("key:a", "forbidden");
  refuse("key:a", "rule_not_found");
  refuse("key:b", "forbidden");
  pass(50s);
  std::vector<evidence::Refusal> all;
  for (const auto& record : records(LogRecordType::Refused)) {
    all.push_back(evidence::read_refusal(record.payload).value());
  }
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].count, 2U);
  EXPECT_EQ(all[0].last_time - all[0].first_time, 10 * kNanosPerSecond);
  pass(60s);
  EXPECT_EQ(records(LogRecordType::Refused).size(), 3U);
}

TEST_F(ClerkTest, BoundsHowManyDifferentRefusalsAMinuteKeeps) {
  for (std::size_t i = 0; i < 2 * Refusals::kDifferentMax; ++i) {
    clerk_->refusals().add({"10.0.0." + std::to_string(i), "", "PUT", "/v1/rules/{id}",
                            "unauthorized", "", 401, 0, now().wall, 0});
  }
  const auto taken = clerk_->refusals().take();
  EXPECT_EQ(taken.size(), Refusals::kDifferentMax + 1);
  std::uint64_t count = 0;
  for (const evidence::Refusal& each : taken) count += each.count;
  EXPECT_EQ(count, 2 * Refusals::kDifferentMax);
}

TEST_F(ClerkTest, RemembersWhatWasSeenInAWindow) {
  for (int minute = 0; minute < 120; ++minute) {
    engine_.spans_ingested["grpc"] += 10;
    pass(60s);
  }
  engine_.spans_ingested["grpc"] += 3;
  EXPECT_EQ(clerk_->seen_since(now(), 1h).spans_ingested, 603U);
  EXPECT_EQ(clerk_->seen_since(now(), 24h).spans_ingested, 1'203U);
}

}  // namespace
}  // namespace betrace::account
