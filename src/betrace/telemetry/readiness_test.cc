#include "betrace/telemetry/readiness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace betrace::telemetry {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

void report_all_ok(Readiness& readiness) {
  readiness.set(Readiness::kRuleEngine, CheckState::Ok);
  readiness.set(Readiness::kStorage, CheckState::Ok);
}

TEST(ReadinessTest, IsNotReadyWhileStarting) {
  Readiness readiness;
  report_all_ok(readiness);
  EXPECT_FALSE(readiness.report().is_ready);
  EXPECT_EQ(readiness.report().reason, "starting");
  readiness.set_phase(Phase::Serving);
  EXPECT_TRUE(readiness.report().is_ready);
  EXPECT_EQ(readiness.report().reason, "");
}

TEST(ReadinessTest, ChecksThatNobodyReportedOnAreErrors) {
  Readiness readiness;
  readiness.set_phase(Phase::Serving);
  EXPECT_FALSE(readiness.report().is_ready);
  EXPECT_EQ(readiness.report().reason, "rule_engine: rules are not loaded yet");
}

TEST(ReadinessTest, IsNotReadyWhileStopping) {
  Readiness readiness;
  report_all_ok(readiness);
  readiness.set_phase(Phase::Stopping);
  EXPECT_EQ(readiness.report().reason, "shutting down");
}

TEST(ReadinessTest, DegradedStaysReadyAndErrorDoesNot) {
  Readiness readiness;
  report_all_ok(readiness);
  readiness.set_phase(Phase::Serving);
  readiness.set(Readiness::kStorage, CheckState::Degraded, "1 quarantined");
  EXPECT_TRUE(readiness.report().is_ready);
  EXPECT_THAT(readiness.report().checks,
              ElementsAre(Pair("otlp_exporter", "disabled"), Pair("rule_engine", "ok"),
                          Pair("storage", "degraded: 1 quarantined")));
  readiness.set(Readiness::kStorage, CheckState::Error, "disk full");
  EXPECT_FALSE(readiness.report().is_ready);
  EXPECT_EQ(readiness.report().reason, "storage: disk full");
}

TEST(ReadinessTest, ADeadExporterCountsOnlyWhenItIsRequired) {
  for (const bool is_required : {false, true}) {
    Readiness readiness(is_required);
    report_all_ok(readiness);
    readiness.set_phase(Phase::Serving);
    readiness.set(Readiness::kOtlpExporter, CheckState::Error, "connection refused, 812 waiting");
    EXPECT_EQ(readiness.report().is_ready, !is_required);
  }
}

TEST(ReadinessTest, WarningsAreSortedAndGoAgain) {
  Readiness readiness;
  readiness.warn("signing_off");
  readiness.warn("auth_off");
  readiness.warn("auth_off");
  EXPECT_THAT(readiness.report().warnings, ElementsAre("auth_off", "signing_off"));
  readiness.warn("auth_off", false);
  readiness.warn("never_set", false);
  EXPECT_THAT(readiness.report().warnings, ElementsAre("signing_off"));
}

}  // namespace
}  // namespace betrace::telemetry
