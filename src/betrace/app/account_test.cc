// Goal: what a service writes of itself adds up to what it counts, under load too.
// Method: a service in this process with a rule that every span violates, asked over HTTP; then its
// log is read.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>
#include <thread>

#include "betrace/app/service.h"
#include "betrace/base/json.h"
#include "betrace/base/test_directory.h"
#include "betrace/evidence/canonical_json.h"
#include "betrace/evidence/coverage.h"
#include "betrace/evidence/refusal.h"
#include "betrace/http/client.h"
#include "betrace/storage/log_archive.h"

namespace betrace::app {
namespace {

using std::chrono::milliseconds;
using storage::LogRecordType;

constexpr std::size_t kRequests = 60;
constexpr std::size_t kSpansPerRequest = 500;

class AccountTest : public ::testing::Test {
 protected:
  void start() {
    ServiceOptions options;
    options.addresses = {"127.0.0.1"};
    options.http_port = 0;
    options.otlp_http_port = 0;
    options.otlp_grpc_port = 0;
    options.storage_path = folder_.file("rules");
    options.bootstrap_document =
        R"([{"id":"noisy","name":"noisy","expression":"true","tags":["soc2:CC6.1"]}])";
    options.bootstrap_name = "rules.json";
    options.engine.shard.noise.per_rule = {100, 200};
    options.engine.shard.table.closure.quiet = milliseconds(100);
    options.engine.shard.table.closure.idle_max = milliseconds(200);
    options.account.coverage_interval = milliseconds(500);
    auto started = Service::start(std::move(options), logger_);
    ASSERT_TRUE(started.has_value()) << started.error().message;
    service_ = std::move(*started);
    http::ClientOptions client;
    client.port = service_->http_port();
    client_ = std::make_unique<http::Client>(client);
  }

  // Traces of ten spans, the last of the request without a legal id.
  static std::string spans(std::size_t request) {
    std::string body = "{\"spans\":[";
    for (std::size_t i = 0; i < kSpansPerRequest; ++i) {
      body += fmt::format(
          R"({{"trace_id":"{:032x}","span_id":"{:016x}","name":"work","duration_ms":1}},)",
          1 + request * kSpansPerRequest + i / 10, 1 + i);
    }
    return body + R"({"trace_id":"","span_id":"1","name":"lost"}]})";
  }

  // Series of the metrics page by name and labels.
  std::map<std::string, double> metrics() {
    std::map<std::string, double> series;
    const auto page = client_->get("/metrics");
    EXPECT_TRUE(page.has_value());
    std::istringstream lines(page ? page->body : "");
    for (std::string line; std::getline(lines, line);) {
      const std::size_t space = line.rfind(' ');
      if (line.starts_with("#") || space == std::string::npos) continue;
      series[line.substr(0, space)] = std::stod(line.substr(space + 1));
    }
    return series;
  }
  static double sum_of(const std::map<std::string, double>& series, const std::string& name) {
    double sum = 0;
    for (const auto& [key, value] : series) {
      if (key == name || key.starts_with(name + "{")) sum += value;
    }
    return sum;
  }

  std::vector<storage::StoredRecord> records(LogRecordType type) const {
    const auto log = storage::open_log_archive(folder_.file("rules/.betrace")).value();
    std::vector<storage::StoredRecord> all;
    storage::RecordQuery query;
    query.types = {type};
    query.limit = 1'000;
    do {
      auto page = log->records(query).value();
      for (auto& record : page.records) all.push_back(std::move(record));
      query.cursor = page.next_cursor;
    } while (!query.cursor.empty());
    return all;
  }

  TestDirectory folder_;
  telemetry::Logger logger_{{.sink = [](std::string_view) {}}};
  std::unique_ptr<Service> service_;
  std::unique_ptr<http::Client> client_;
};

TEST_F(AccountTest, CoverageAndGapsAddUpToTheCountersUnderLoad) {
  start();
  for (std::size_t i = 0; i < kRequests; ++i) {
    const auto reply = client_->post("/v1/spans", "application/json", spans(i));
    ASSERT_TRUE(reply.has_value());
    ASSERT_EQ(reply->status, 202) << reply->body;
  }
  constexpr double kSent = kRequests * kSpansPerRequest;
  std::map<std::string, double> series = metrics();
  while (sum_of(series, "betrace_spans_ingested_total") < kSent ||
         sum_of(series, "betrace_traces_open") > 0) {
    std::this_thread::yield();
    series = metrics();
  }
  ASSERT_TRUE(service_->stop());

  evidence::Coverage seen;
  const auto coverage = records(LogRecordType::Coverage);
  EXPECT_GE(coverage.size(), 1U) << "the one before the end";
  for (const auto& record : coverage) seen.add(evidence::read_coverage(record.payload).value());
  const auto counter = [&series](const std::string& name) {
    return static_cast<std::uint64_t>(sum_of(series, name));
  };
  EXPECT_EQ(seen.spans_received, counter("betrace_spans_received_total"));
  EXPECT_EQ(seen.spans_ingested, counter("betrace_spans_ingested_total"));
  EXPECT_EQ(evidence::sum(seen.spans_rejected), counter("betrace_spans_rejected_total"));
  EXPECT_EQ(evidence::sum(seen.spans_rejected), kRequests);
  EXPECT_EQ(evidence::sum(seen.spans_dropped), counter("betrace_spans_dropped_total"));
  EXPECT_EQ(seen.spans_received, seen.spans_ingested + evidence::sum(seen.spans_rejected) +
                                     evidence::sum(seen.spans_dropped));
  EXPECT_EQ(seen.traces_closed_count(), counter("betrace_traces_closed_total"));
  EXPECT_EQ(seen.evaluations_due, counter("betrace_rule_evaluations_total"));
  EXPECT_EQ(seen.violations_suppressed, counter("betrace_violations_suppressed_total"));

  // decided = recorded + suppressed: every trace violates the rule once.
  std::map<std::string, std::uint64_t> gaps;
  for (const auto& record : records(LogRecordType::Gap)) {
    const Json gap = evidence::read_canonical_json(record.payload).value();
    gaps[gap["cause"]] += gap["count"].get<std::uint64_t>();
  }
  const std::uint64_t decided = kRequests * kSpansPerRequest / 10;
  const std::uint64_t recorded = records(LogRecordType::Violation).size();
  EXPECT_EQ(seen.violations_recorded, recorded);
  EXPECT_GT(gaps["suppressed"], 0U);
  EXPECT_EQ(recorded + gaps["suppressed"], decided);
  EXPECT_EQ(gaps["rejected_invalid_field"] + gaps["rejected_invalid_id"], kRequests);
}

TEST_F(AccountTest, ChangesThatWereNotMadeAreRecorded) {
  start();
  const auto reply = client_->send("DELETE", "/v1/rules/nobody", {}, {});
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->status, 404);
  EXPECT_EQ(client_->get("/v1/rules/nobody")->status, 404);  // a question
  ASSERT_TRUE(service_->stop());
  const auto refused = records(LogRecordType::Refused);
  ASSERT_EQ(refused.size(), 1U);
  const auto refusal = evidence::read_refusal(refused[0].payload).value();
  EXPECT_EQ(refusal.method, "DELETE");
  EXPECT_EQ(refusal.route, "/v1/rules/{id}");
  EXPECT_EQ(refusal.code, "rule_not_found");
  EXPECT_EQ(refusal.actor, "anonymous");
  EXPECT_EQ(refusal.status, 404);
}

TEST_F(AccountTest, AnOrderlyEndStatesEachControlAndTheRules) {
  start();
  ASSERT_TRUE(service_->stop());
  EXPECT_EQ(records(LogRecordType::Compliance).size(), 1U);
  EXPECT_GE(records(LogRecordType::Ruleset).size(), 1U);
  const auto stop = records(LogRecordType::Stop);
  const auto coverage = records(LogRecordType::Coverage);
  ASSERT_FALSE(coverage.empty());
  EXPECT_GT(stop.at(0).sequence, coverage.at(0).sequence);
}

}  // namespace
}  // namespace betrace::app
