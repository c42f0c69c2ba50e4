// Goal: probes, limits and metrics answer as docs/guide/api.md says, in every phase of the process.

#include "betrace/api/test_api.h"

namespace betrace::api {
namespace {

using telemetry::CheckState;
using telemetry::Readiness;

class ServiceTest : public ApiTest {};

TEST_F(ServiceTest, HealthTellsVersionAndUptime) {
  pass(std::chrono::milliseconds(3'600'900));
  const char* expected = R"({"status":"healthy","version":"2.0.0","uptime_seconds":3600,)"
                         R"("timestamp":"2026-01-31T11:00:00Z"})";
  EXPECT_EQ(get("/health").body, expected);
  EXPECT_EQ(get("/v1/health").body, expected);
  EXPECT_EQ(get("/health?verbose=1").status, 200);
}

TEST_F(ServiceTest, IsNotReadyWhileItStarts) {
  const Answer answer = get("/ready");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.at("/status"), "not_ready");
  EXPECT_TRUE(answer.json.contains("reason"));
}

TEST_F(ServiceTest, ReadyShowsChecksModesAndWarnings) {
  readiness_.set(Readiness::kStorage, CheckState::Ok);
  readiness_.set(Readiness::kRuleEngine, CheckState::Ok);
  readiness_.warn("auth_off");
  readiness_.warn("signing_off");
  readiness_.set_phase(telemetry::Phase::Serving);
  const Answer answer = get("/v1/ready");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.json, parse_json(R"({"status":"ready","checks":{"otlp_exporter":"disabled",
    "rule_engine":"ok","storage":"ok"},"signing":"off","auth":"off",
    "warnings":["auth_off","signing_off"],"timestamp":"2026-01-31T10:00:00Z"})")
                             .value());
}

TEST_F(ServiceTest, IsNotReadyWithoutStorage) {
  readiness_.set(Readiness::kStorage, CheckState::Error, "disk full");
  readiness_.set(Readiness::kRuleEngine, CheckState::Ok);
  readiness_.set_phase(telemetry::Phase::Serving);
  const Answer answer = get("/ready");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.at("/checks/storage"), "error: disk full");
}

TEST_F(ServiceTest, LimitsShowValuesAndModes) {
  EXPECT_EQ(get("/v1/limits").body,
            R"({"limits":{"limits.rules":1000},"modes":{"ingest_acknowledgement":"memory",)"
            R"("auth":"off","signing":"off","redaction":")" +
                active_->current()->redaction()->id() + R"("}})");
  EXPECT_EQ(get("/v1/limits?x=1").code(), "unknown_parameter");
}

TEST_F(ServiceTest, MetricsComeInBothForms) {
  const Answer plain = get("/metrics");
  EXPECT_EQ(plain.status, 200);
  EXPECT_EQ(plain.header("Content-Type").substr(0, 25), "text/plain; version=0.0.4");
  EXPECT_NE(plain.body.find("betrace_spans_received_total{protocol=\"json\"} 0"),
            std::string::npos);
  const Answer open = get("/metrics", {{"Accept", "application/openmetrics-text; version=1.0.0"}});
  EXPECT_EQ(open.header("Content-Type").substr(0, 28), "application/openmetrics-text");
  EXPECT_NE(open.body.find("# EOF"), std::string::npos);
}

}  // namespace
}  // namespace betrace::api
