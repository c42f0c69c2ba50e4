// Goal: coverage adds up, and what is written of it is read back.
// Method: totals made by hand.

#include "betrace/evidence/coverage.h"

#include <gtest/gtest.h>

#include "betrace/evidence/canonical_json.h"
#include "betrace/evidence/compliance.h"
#include "betrace/evidence/refusal.h"

namespace betrace::evidence {
namespace {

Coverage coverage(std::uint64_t factor) {
  Coverage totals;
  totals.from = factor * kNanosPerSecond;
  totals.to = (factor + 1) * kNanosPerSecond;
  totals.spans_received = 100 * factor;
  totals.spans_ingested = 90 * factor;
  totals.spans_rejected = {{"invalid_id", 4 * factor}};
  totals.spans_dropped = {{"duplicate", 5 * factor}, {"memory", factor}};
  totals.requests_refused = {{"ingest_queue", factor}};
  totals.traces_closed["complete"]["complete"] = 7 * factor;
  totals.traces_closed["memory"]["shed"] = factor;
  totals.traces_open = factor;
  totals.evaluations_due = 50 * factor;
  totals.evaluations_not_made = 2 * factor;
  totals.violations_recorded = 3 * factor;
  totals.late_window_ms = 60'000 / factor;
  totals.rules_active = factor;
  totals.ruleset = std::string(64, static_cast<char>('a' + factor));
  return totals;
}

std::string payload_of(Json members, const char* type) {
  members["type"] = type;
  return canonical_json(members).value();
}

TEST(CoverageTest, IsReadBackAsItWasWritten) {
  const Coverage written = coverage(2);
  const auto read = read_coverage(payload_of(coverage_members(written), "coverage"));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(coverage_members(*read), coverage_members(written));
  EXPECT_EQ(read->traces_closed_count(), 16U);
  EXPECT_EQ(read->traces_closed_count("shed"), 2U);
}

TEST(CoverageTest, DifferencesAddUpToTheTotal) {
  Coverage all;
  Coverage before;
  for (const std::uint64_t factor : {1U, 3U, 4U}) {
    const Coverage now = coverage(factor);
    all.add(difference(now, before));
    before = now;
  }
  Json sums = coverage_members(all);
  sums["from"] = coverage_members(before)["from"];  // a sum begins with its first part
  EXPECT_EQ(sums, coverage_members(before));
}

TEST(CoverageTest, ADifferenceNamesOnlyWhatGrew) {
  const Coverage same = difference(coverage(2), coverage(2));
  EXPECT_TRUE(same.spans_dropped.empty());
  EXPECT_TRUE(same.traces_closed.empty());
  EXPECT_EQ(same.traces_open, 2U);  // what stands now
}

TEST(CoverageTest, IsNotReadFromAnotherRecord) {
  const auto read = read_coverage(payload_of(coverage_members(coverage(1)), "gap"));
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, ErrorCode::Corrupt);
}

Compliance statement(std::uint64_t due, std::uint64_t not_made, std::uint64_t violations) {
  Compliance made;
  made.control = {"soc2", "CC6.1"};
  made.rules = {"pii"};
  made.rule_count = 1;
  made.verdict = {due, not_made, violations, 0};
  made.coverage = coverage(1);
  made.coverage_records = 60;
  return made;
}

TEST(ComplianceTest, SaysNoViolationOnlyOfAPeriodThatWasSeenAndJudged) {
  EXPECT_EQ(statement(10, 0, 0).outcome(), "no_violation");
  EXPECT_EQ(statement(10, 9, 0).outcome(), "no_violation");
  EXPECT_EQ(statement(10, 10, 0).outcome(), "not_evaluated");
  EXPECT_EQ(statement(0, 0, 0).outcome(), "not_evaluated");
  EXPECT_EQ(statement(10, 0, 1).outcome(), "violations");
  Compliance unseen = statement(10, 0, 0);
  unseen.coverage_records = 0;
  EXPECT_EQ(unseen.outcome(), "not_evaluated");
  Compliance suppressed = statement(10, 0, 0);
  suppressed.verdict.suppressed = 1;
  EXPECT_EQ(suppressed.outcome(), "violations");
}

TEST(ComplianceTest, IsReadBackAsItWasWritten) {
  const Json written = compliance_members(statement(10, 1, 2));
  const auto read = read_compliance(payload_of(written, "compliance"));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(compliance_members(*read), written);
}

TEST(ComplianceTest, IsNotReadIfItsOutcomeDoesNotFollowFromItsNumbers) {
  Json forged = compliance_members(statement(10, 1, 2));
  forged["outcome"] = "no_violation";
  EXPECT_FALSE(read_compliance(payload_of(forged, "compliance")).has_value());
}

TEST(RefusalTest, IsReadBackAndBoundsWhatClientsWrite) {
  Refusal refusal{"key:ops", "10.0.0.7", "PUT", "/v1/rules/{id}", "forbidden", "7f", 403, 3, 1, 2};
  const auto read = read_refusal(payload_of(refusal_members(refusal), "refused"));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(refusal_members(*read), refusal_members(refusal));
  refusal.actor = std::string(1'000, 'x');
  refusal.request_id = "\xff";
  const Json members = refusal_members(refusal);
  EXPECT_EQ(members["actor"].get<std::string>().size(), 256U);
  EXPECT_TRUE(canonical_json(members).has_value());
}

}  // namespace
}  // namespace betrace::evidence
