// Goal: the load generator believes a right server and no other: a lost span, a wrong verdict and a
// server with other rules are caught; a request that was refused changes what is expected.
// Method: a service in this process, seen directly or through a proxy that tampers with the spans.

#include "betrace/bench/load_run.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "betrace/app/service.h"
#include "betrace/base/json.h"
#include "betrace/base/test_directory.h"
#include "betrace/bench/bench_rules.h"
#include "betrace/bench/free_port.h"
#include "betrace/http/client.h"
#include "betrace/http/server.h"
#include "betrace/otlp/trace_reader.h"
#include "betrace/otlp/trace_writer.h"

namespace betrace::app {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

constexpr std::size_t kRules = 20;

// A service on a free port whose folder lives as long as it.
class BenchService {
 public:
  explicit BenchService(std::string rules, std::uint64_t queue_bytes_max = 64 << 20,
                        bool discards_spans = false, bool bounds_noise = false)
      : log_(quiet_log()) {
    ServiceOptions options;
    options.addresses = {"127.0.0.1"};
    options.http_port = 0;
    options.otlp_http_port = 0;
    options.otlp_grpc_port = bench::free_ports<1>().front();
    options.discards_spans = discards_spans;
    options.storage_path = folder_.file("rules");
    options.bootstrap_document = std::move(rules);
    options.bootstrap_name = "rules.json";
    options.engine.queue_bytes_max = queue_bytes_max;
    options.engine.shard.noise.enabled = bounds_noise;
    traces::ClosureLimits& closure = options.engine.shard.table.closure;
    closure.quiet = milliseconds(500);
    closure.idle_max = milliseconds(3'000);
    auto started = Service::start(std::move(options), log_);
    EXPECT_TRUE(started.has_value()) << started.error().message;
    service_ = std::move(*started);
  }

  [[nodiscard]] std::uint16_t port() const { return service_->http_port(); }
  [[nodiscard]] std::uint16_t grpc_port() const { return service_->otlp_grpc_port(); }

 private:
  static telemetry::LogOptions quiet_log() {
    telemetry::LogOptions options;
    options.sink = [](std::string_view) {};
    return options;
  }

  TestDirectory folder_;  // outlives the service
  telemetry::Logger log_;
  std::unique_ptr<Service> service_;
};

// What a proxy does to the spans of a request.
using Tamper = std::function<void(std::vector<model::SpanView>* spans)>;

// Passes requests on, tampered with, and answers as the server does.
class TamperingProxy {
 public:
  TamperingProxy(std::uint16_t server_port, Tamper tamper)
      : server_port_(server_port), tamper_(std::move(tamper)), server_({}, &observer_, 2) {
    http::RouteTable routes;
    routes.add(http::Route{
        .method = "POST",
        .path = "/v1/traces",
        .role = http::Role::Public,
        .handler = [this](const http::Request& request,
                          const http::PathParameters&) { return pass_on(request.body); },
        .body_bytes_max = 64 << 20,
        .produces = ""});
    http::ListenerOptions listener;
    listener.addresses = {"127.0.0.1"};
    const auto bound = server_.listen(std::move(listener), std::move(routes));
    EXPECT_TRUE(bound.has_value());
    port_ = *bound;
    server_.start();
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  http::Response pass_on(std::string_view body) {
    std::vector<model::KeptSpan> kept;
    const auto read = otlp::TraceReader().read(body, [&kept](const model::SpanView& span) {
      kept.push_back(model::KeptSpan::copy(span));
    });
    EXPECT_TRUE(read.has_value());
    std::vector<model::SpanView> views;
    for (const model::KeptSpan& span : kept) views.push_back(span.view());
    tamper_(&views);
    http::ClientOptions options;
    options.port = server_port_;
    auto reply = http::Client(options).post("/v1/traces", "application/x-protobuf",
                                            otlp::write_protobuf(views));
    EXPECT_TRUE(reply.has_value());
    return http::make_response(reply->status, "application/x-protobuf", std::move(reply->body));
  }

  struct Silent : http::ServerObserver {
    void request_finished(const http::FinishedRequest&) override {}
    void handler_failed(const http::RequestHead&, std::string_view) override {}
    void connection_refused(std::string_view) override {}
    void timed_out(std::string_view) override {}
    void refused(std::string_view, const http::RequestHead&) override {}
  };

  std::uint16_t server_port_;
  Tamper tamper_;
  Silent observer_;
  http::Server server_;
  std::uint16_t port_ = 0;
};

struct RunOutcome {
  int code = -1;
  std::string out;
  std::string err;
  Json report;
};

class LoadRunTest : public testing::Test {
 protected:
  LoadRunTest() : rules_(kRules, bench::Vocabulary::Spread) {
    options_.rule_count = kRules;
    options_.traffic.interleave = 100;
    options_.traffic.spans_per_request = 100;
    options_.traffic.traces.violation_rate = 0.1;
    options_.connections = 4;
    options_.warmup = milliseconds(50);
    options_.duration = milliseconds(300);
    options_.settle_max = milliseconds(5'000);
    options_.repeats = 1;
  }

  RunOutcome run(std::uint16_t otlp_port, std::uint16_t api_port) {
    options_.target = target_.empty() ? fmt::format("http://127.0.0.1:{}", otlp_port) : target_;
    options_.api = fmt::format("http://127.0.0.1:{}", api_port);
    const TestDirectory folder;
    options_.json_path = folder.file("load-run.json");
    std::ostringstream out;
    std::ostringstream err;
    RunOutcome outcome;
    outcome.code = bench::run_load(options_, out, err);
    outcome.out = out.str();
    outcome.err = err.str();
    std::ifstream file(options_.json_path);
    if (file) outcome.report = Json::parse(file);
    return outcome;
  }

  bench::BenchRules rules_;
  bench::LoadRunOptions options_;
  std::string target_;  // empty: HTTP on the port that run() is given
};

TEST_F(LoadRunTest, ARightServerGetsARate) {
  const BenchService service(rules_.document());
  const RunOutcome outcome = run(service.port(), service.port());
  ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.out, Not(HasSubstr("INVALID")));
  const Json& repeat = outcome.report.at("repeats").at(0);
  EXPECT_TRUE(outcome.report.at("valid"));
  EXPECT_GT(repeat.at("spans_per_second"), 0);
  EXPECT_EQ(repeat.at("ingested"), repeat.at("accepted"));
  EXPECT_GE(repeat.at("violations_found"), 20) << "a pass has 200 traces or more, 10 % broken";
  EXPECT_EQ(repeat.at("violations_found"), repeat.at("violations_expected"));
}

TEST_F(LoadRunTest, JsonInGzipIsJudgedAlike) {
  const BenchService service(rules_.document());
  options_.traffic.encoding = bench::Encoding::Json;
  options_.traffic.traces.shape = bench::Shape::Mixed;
  options_.is_gzipped = true;
  const RunOutcome outcome = run(service.port(), service.port());
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
}

TEST_F(LoadRunTest, CallsOfGrpcAreJudgedAlike) {
  const BenchService service(rules_.document());
  target_ = fmt::format("grpc://127.0.0.1:{}", service.grpc_port());
  for (const bool is_gzipped : {false, true}) {
    options_.is_gzipped = is_gzipped;
    const RunOutcome outcome = run(0, service.port());
    ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.err;
    const Json& repeat = outcome.report.at("repeats").at(0);
    EXPECT_EQ(outcome.report.at("load").at("door"), "grpc");
    EXPECT_GE(repeat.at("violations_found"), 20);
    EXPECT_EQ(repeat.at("ingested"), repeat.at("accepted"));
  }
}

TEST_F(LoadRunTest, ACallThatIsRefusedIsSentAgainUntilItIsTaken) {
  const BenchService service(rules_.document(), 60'000);
  target_ = fmt::format("grpc://127.0.0.1:{}", service.grpc_port());
  const RunOutcome outcome = run(0, service.port());
  ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  EXPECT_GT(outcome.report.at("repeats").at(0).at("refused"), 0) << "the queue was to be too small";
}

TEST_F(LoadRunTest, AMessageThatIsTooLargeForTheServerIsNotSentForEver) {
  const BenchService service(rules_.document());
  target_ = fmt::format("grpc://127.0.0.1:{}", service.grpc_port());
  options_.traffic.spans_per_request = 10'000;  // over 4 MiB
  options_.traffic.interleave = 500;
  options_.connections = 1;
  const RunOutcome outcome = run(0, service.port());
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("Export answered status \"8\""));
}

TEST_F(LoadRunTest, AServerThatDiscardsIsMeasuredByWhatItAnswered) {
  const BenchService service(rules_.document(), 64 << 20, true);
  options_.is_discarded = true;
  for (const std::string& target : {fmt::format("http://127.0.0.1:{}", service.port()),
                                    fmt::format("grpc://127.0.0.1:{}", service.grpc_port())}) {
    target_ = target;
    const RunOutcome outcome = run(0, service.port());
    ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.err;
    const Json& repeat = outcome.report.at("repeats").at(0);
    EXPECT_GT(repeat.at("spans_per_second"), 0);
    EXPECT_EQ(repeat.at("ingested"), 0);
  }
}

TEST_F(LoadRunTest, AServerThatJudgesIsNoMeasureOfOneThatDiscards) {
  const BenchService service(rules_.document());
  options_.is_discarded = true;
  const RunOutcome outcome = run(service.port(), service.port());
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.out, HasSubstr("it does not discard"));
}

TEST_F(LoadRunTest, ABareReceiverIsMeasuredByWhatItAnswered) {
  options_.is_bare = true;
  std::ostringstream out;
  std::ostringstream err;
  const TestDirectory folder;
  options_.json_path = folder.file("load-run.json");
  ASSERT_EQ(bench::run_load(options_, out, err), 0) << out.str() << err.str();
  std::ifstream file(options_.json_path);
  const Json report = Json::parse(file);
  EXPECT_TRUE(report.at("load").at("bare"));
  const Json& repeat = report.at("repeats").at(0);
  EXPECT_GT(repeat.at("spans_per_second"), 0);
  EXPECT_GT(repeat.at("server_cpu_seconds_per_million_spans"), 0);
  EXPECT_EQ(repeat.at("refused"), 0);
}

TEST_F(LoadRunTest, RulesThatArePublishedAnewAllTheTimeChangeNoVerdict) {
  const BenchService service(rules_.document());
  options_.reload_every = milliseconds(20);
  const RunOutcome outcome = run(service.port(), service.port());
  ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  EXPECT_GE(outcome.report.at("repeats").at(0).at("reloads"), 2);
}

TEST_F(LoadRunTest, InAStormEverySpanIsRecordedOrSuppressed) {
  const BenchService service(rules_.document(true), 64 << 20, false, true);
  options_.has_storm = true;
  const RunOutcome outcome = run(service.port(), service.port());
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
}

TEST_F(LoadRunTest, OneLostSpanMakesTheRunInvalid) {
  const BenchService service(rules_.document());
  std::atomic<bool> is_lost = false;
  TamperingProxy proxy(service.port(), [&is_lost](std::vector<model::SpanView>* spans) {
    if (!is_lost.exchange(true)) spans->pop_back();
  });
  const RunOutcome outcome = run(proxy.port(), service.port());
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.out, HasSubstr("INVALID"));
  EXPECT_THAT(outcome.out, HasSubstr("received by the server"));
  EXPECT_FALSE(outcome.report.at("valid"));
  EXPECT_FALSE(outcome.report.contains("summary"));
  EXPECT_FALSE(outcome.report.at("repeats").at(0).contains("spans_per_second"));
}

TEST_F(LoadRunTest, OneWrongVerdictMakesTheRunInvalid) {
  const BenchService service(rules_.document());
  std::atomic<bool> is_changed = false;
  // A span that no rule asks for becomes one that breaks a rule: every span still arrives.
  TamperingProxy proxy(service.port(), [&is_changed](std::vector<model::SpanView>* spans) {
    static const model::AttributeView mark[] = {{"app.key_0", model::ValueView::string("case-c0")}};
    if (!is_changed.exchange(true)) spans->front().attributes = mark;
  });
  const RunOutcome outcome = run(proxy.port(), service.port());
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.out, HasSubstr("0 violations are missing, 1 are not expected"));
  EXPECT_THAT(outcome.out, HasSubstr("rule bench-00000 on trace"));
}

TEST_F(LoadRunTest, AMissingViolationIsNamed) {
  const BenchService service(rules_.document());
  // The attributes of all spans are gone, so rules on attributes find nothing.
  TamperingProxy proxy(service.port(), [](std::vector<model::SpanView>* spans) {
    for (model::SpanView& span : *spans) span.attributes = {};
  });
  const RunOutcome outcome = run(proxy.port(), service.port());
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.out, HasSubstr(": expected 1, found 0"));
}

TEST_F(LoadRunTest, AServerWithOtherRulesIsNotMeasured) {
  const BenchService service(bench::BenchRules(kRules, bench::Vocabulary::Own).document());
  const RunOutcome outcome = run(service.port(), service.port());
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("the server has not the rule bench-00000 as it must be"));
  const BenchService more(bench::BenchRules(kRules + 5, bench::Vocabulary::Spread).document());
  EXPECT_EQ(run(more.port(), more.port()).code, 1);
}

TEST_F(LoadRunTest, UnderOverloadWhatWasRefusedIsCountedAndNotExpected) {
  const BenchService service(rules_.document(), 60'000);
  options_.spans_per_second = 5e6;
  const RunOutcome outcome = run(service.port(), service.port());
  ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  const Json& repeat = outcome.report.at("repeats").at(0);
  EXPECT_GT(repeat.at("refused"), 0) << "the queue was to be too small";
  EXPECT_GT(repeat.at("accepted"), 0);
  EXPECT_EQ(repeat.at("sent"),
            repeat.at("accepted").get<std::uint64_t>() + repeat.at("refused").get<std::uint64_t>());
}

TEST_F(LoadRunTest, AClosedLoopSendsWhatWasRefusedAgainUntilItIsTaken) {
  const BenchService service(rules_.document(), 60'000);
  const RunOutcome outcome = run(service.port(), service.port());
  ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  const Json& repeat = outcome.report.at("repeats").at(0);
  EXPECT_GT(repeat.at("refused"), 0) << "the queue was to be too small";
  // Whole passes were taken.
  EXPECT_EQ(repeat.at("accepted").get<std::uint64_t>() % (options_.traffic.interleave * 20), 0u);
}

TEST_F(LoadRunTest, AnOpenLoopOffersItsRate) {
  const BenchService service(rules_.document());
  options_.spans_per_second = 4'000;
  options_.traffic.interleave = 20;
  options_.duration = milliseconds(1'000);
  const RunOutcome outcome = run(service.port(), service.port());
  ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  EXPECT_LT(outcome.report.at("repeats").at(0).at("spans_per_second"), 8'000);
  EXPECT_THAT(outcome.out, HasSubstr("open loop at 4000 spans/s"));
}

TEST_F(LoadRunTest, AServerThatIsNotThereIsNamed) {
  const RunOutcome outcome = run(1, 1);
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("http://127.0.0.1:1: cannot connect"));
}

TEST_F(LoadRunTest, OptionsThatExcludeEachOtherAreRefused) {
  std::ostringstream out;
  std::ostringstream err;
  options_.in_flight_max = 9;
  EXPECT_EQ(bench::run_load(options_, out, err), 2);
  EXPECT_THAT(err.str(), HasSubstr("--connections 9"));
  options_.in_flight_max = 2;
  options_.spans_per_second = 5;
  EXPECT_EQ(bench::run_load(options_, out, err), 2);
  options_.target = "grpc://127.0.0.1:4317";
  options_.in_flight_max = 0;
  options_.traffic.encoding = bench::Encoding::Json;
  EXPECT_EQ(bench::run_load(options_, out, err), 2);
  EXPECT_THAT(err.str(), HasSubstr("gRPC carries protobuf alone"));
  options_.traffic.encoding = bench::Encoding::Protobuf;
  options_.server_flags = {"--workers=1"};
  EXPECT_EQ(bench::run_load(options_, out, err), 2);
  options_.server_flags.clear();
  options_.is_bare = true;
  EXPECT_EQ(bench::run_load(options_, out, err), 2);
  EXPECT_THAT(err.str(), HasSubstr("--epoll has no server"));
  options_.is_bare = false;
  options_.target = "ftp://127.0.0.1:21";
  const BenchService service(rules_.document());
  options_.api = fmt::format("http://127.0.0.1:{}", service.port());
  EXPECT_EQ(bench::run_load(options_, out, err), 1);
  EXPECT_THAT(err.str(), HasSubstr("no door for ftp://"));
}

}  // namespace
}  // namespace betrace::app
