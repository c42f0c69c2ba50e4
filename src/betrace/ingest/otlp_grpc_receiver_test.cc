// Goal: OTLP/gRPC as exporters expect it: what can be retried says so with a RetryInfo, what cannot
// does not; health follows readiness.
// Method: a session and a client joined in memory; a sink that remembers, and refuses when told to.
#include "betrace/ingest/otlp_grpc_receiver.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "betrace/base/base64.h"
#include "betrace/http/call_session.h"
#include "betrace/http/gzip.h"
#include "betrace/http/test_call_client.h"
#include "betrace/ingest/health_calls.h"
#include "betrace/ingest/test_sink.h"
#include "betrace/otlp/export_response.h"
#include "betrace/otlp/health_messages.h"
#include "betrace/otlp/trace_writer.h"

namespace betrace::ingest {
namespace {

using namespace std::chrono_literals;
using otlp::ServingStatus;
using telemetry::MetricId;

const char kExport[] = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const char kCheck[] = "/grpc.health.v1.Health/Check";
const char kWatch[] = "/grpc.health.v1.Health/Watch";

class OtlpGrpcReceiverTest : public ::testing::Test {
 protected:
  OtlpGrpcReceiverTest() {
    otlp::ReaderLimits limits;
    limits.spans_max = 100;
    http::CallTable table;
    table.add(otlp_grpc_export(sink_, metrics_, limits));
    table.add(health_calls(readiness_));
    http::CallListenerOptions options;
    options.retry_later = otlp_retry_later;
    service_ = std::make_unique<http::CallService>(std::move(options), std::move(table),
                                                   http::ServerLimits{}, &observer_, &bodies_);
    session_ = std::make_unique<http::CallSession>(*service_, "127.0.0.1", now_);
  }

  void run() {
    for (bool more = true; more;) {
      const std::string sent = client_.output();
      session_->receive(sent, now_);
      std::string reply;
      more = session_->take_output(&reply, 1'000'000) || !sent.empty();
      client_.receive(reply);
    }
  }
  const http::CallAnswer& call(const std::string& path, std::string_view message) {
    const std::int32_t stream = client_.call(path, message);
    run();
    return client_.answer(stream);
  }
  void make_ready() {
    readiness_.set(telemetry::Readiness::kRuleEngine, telemetry::CheckState::Ok);
    readiness_.set(telemetry::Readiness::kStorage, telemetry::CheckState::Ok);
    readiness_.set_phase(telemetry::Phase::Serving);
  }
  static std::string details_of(const http::CallAnswer& answer) {
    return from_base64(answer.field("grpc-status-details-bin")).value();
  }

  FakeSink sink_;
  telemetry::Metrics metrics_;
  telemetry::Readiness readiness_;
  http::ServerObserver observer_;
  http::BodyBufferPool bodies_{64 * 1024 * 1024};
  MonotonicTime now_{1h};
  std::unique_ptr<http::CallService> service_;
  std::unique_ptr<http::CallSession> session_;
  http::CallClient client_;
};

TEST_F(OtlpGrpcReceiverTest, TakesSpansPlainAndGzipped) {
  const std::string message =
      otlp::write_protobuf(std::vector{span_named("one", 1), span_named("two", 2)});
  const auto& plain = call(kExport, message);
  EXPECT_EQ(plain.status(), "0");
  EXPECT_EQ(plain.message(), "") << "partial_success is unset";
  const std::int32_t gzipped =
      client_.begin(http::call_fields(kExport, {{"grpc-encoding", "gzip"}}),
                    http::message_frame(http::gzip(message), true));
  run();
  EXPECT_EQ(client_.answer(gzipped).status(), "0");
  EXPECT_EQ(sink_.names(), (std::vector<std::string>{"one", "two", "one", "two"}));
  EXPECT_EQ(sink_.protocol(), "grpc");
  EXPECT_EQ(metrics_.value(MetricId::SpansReceived, {"grpc"}), 4);
}

TEST_F(OtlpGrpcReceiverTest, TakesAnEmptyRequest) {
  EXPECT_EQ(call(kExport, "").status(), "0");
  EXPECT_TRUE(sink_.names().empty());
}

TEST_F(OtlpGrpcReceiverTest, RejectsInvalidSpansAlone) {
  model::SpanView without_id = span_named("bad");
  without_id.span_id = {};
  const auto& answer =
      call(kExport, otlp::write_protobuf(std::vector{span_named("good"), without_id}));
  EXPECT_EQ(answer.status(), "0");
  EXPECT_EQ(answer.message().substr(0, 1), "\x0a") << "partial_success is set";
  EXPECT_EQ(sink_.names(), std::vector<std::string>{"good"});
  EXPECT_EQ(metrics_.value(MetricId::SpansRejected, {"invalid_id"}), 1);
}

TEST_F(OtlpGrpcReceiverTest, NamesWhatIsWrongWithAMessageThatCannotBeRead) {
  const auto& answer = call(kExport, "\x0a\xff\xff");
  EXPECT_EQ(answer.status(), "3");
  EXPECT_NE(details_of(answer).find("google.rpc.BadRequest"), std::string::npos);
  EXPECT_EQ(details_of(answer).find("google.rpc.RetryInfo"), std::string::npos);
  EXPECT_EQ(metrics_.value(MetricId::Refused, {"malformed", "grpc"}), 1);
  EXPECT_TRUE(sink_.names().empty());
}

TEST_F(OtlpGrpcReceiverTest, RefusesTooManySpansWholeAndForGood) {
  std::vector<model::SpanView> spans;
  for (std::uint8_t id = 1; id <= 101; ++id) spans.push_back(span_named("x", id));
  const auto& over = call(kExport, otlp::write_protobuf(spans));
  EXPECT_EQ(over.status(), "8");
  EXPECT_EQ(details_of(over).find("google.rpc.RetryInfo"), std::string::npos);
  EXPECT_EQ(metrics_.value(MetricId::Refused, {"spans_per_request", "grpc"}), 1);
  EXPECT_TRUE(sink_.names().empty());
  spans.pop_back();
  EXPECT_EQ(call(kExport, otlp::write_protobuf(spans)).status(), "0");
  EXPECT_EQ(sink_.names().size(), 100u);
}

TEST_F(OtlpGrpcReceiverTest, AsksToComeBackWhenSpansCannotBeTakenNow) {
  for (const char* limit : {"ingest_queue", "memory", "stopping", "log.pending"}) {
    sink_.refusal = engine::Refusal{limit, 7};
    const auto& answer = call(kExport, otlp::write_protobuf(std::vector{span_named("x")}));
    EXPECT_EQ(answer.status(), "14") << limit;
    otlp::RpcStatus expected;
    expected.code = RpcCode::Unavailable;
    expected.message = std::string("spans cannot be taken now (") + limit + ")";
    expected.retry_delay = 7s;
    EXPECT_EQ(details_of(answer), otlp::status_body(expected, otlp::WireForm::Protobuf)) << limit;
    EXPECT_EQ(answer.heads, 1) << "trailers only";
  }
  EXPECT_EQ(metrics_.value(MetricId::Refused, {"ingest_queue", "grpc"}), 1);
  EXPECT_TRUE(sink_.names().empty());
}

TEST_F(OtlpGrpcReceiverTest, AsksForRoomBeforeTheMessageComes) {
  sink_.bytes_max = 10'000;
  const std::int32_t stream =
      client_.begin(http::call_fields(kExport),
                    http::message_frame(std::string(10'001, 'x')).substr(0, 5), false);
  run();
  EXPECT_EQ(client_.answer(stream).status(), "14");
  EXPECT_EQ(sink_.asked(), std::vector<std::size_t>{10'001});
}

TEST_F(OtlpGrpcReceiverTest, AcceptsTracesOnly) {
  for (const char* path : {"/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
                           "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
                           "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"}) {
    EXPECT_EQ(call(path, "").status(), "12") << path;
  }
}

TEST_F(OtlpGrpcReceiverTest, ChecksHealthByServiceName) {
  const std::string serving = otlp::health_response(ServingStatus::Serving);
  const std::string not_serving = otlp::health_response(ServingStatus::NotServing);
  EXPECT_EQ(call(kCheck, "").message(), not_serving) << "starting";
  make_ready();
  EXPECT_EQ(call(kCheck, "").message(), serving);
  EXPECT_EQ(call(kCheck, otlp::health_request(kTraceService)).message(), serving);
  EXPECT_EQ(call(kCheck, otlp::health_request("other.Service")).status(), "5");
  EXPECT_EQ(call(kCheck, "\xff").status(), "3");
  readiness_.set(telemetry::Readiness::kStorage, telemetry::CheckState::Error, "disk full");
  EXPECT_EQ(call(kCheck, "").message(), not_serving);
}

TEST_F(OtlpGrpcReceiverTest, WatchesHealth) {
  make_ready();
  const std::int32_t known = client_.call(kWatch, otlp::health_request(kTraceService));
  const std::int32_t unknown = client_.call(kWatch, otlp::health_request("other.Service"));
  run();
  const auto frame = [](ServingStatus status) {
    return http::message_frame(otlp::health_response(status));
  };
  EXPECT_EQ(client_.answer(known).body, frame(ServingStatus::Serving));
  EXPECT_EQ(client_.answer(unknown).body, frame(ServingStatus::ServiceUnknown));
  EXPECT_FALSE(client_.answer(unknown).is_closed) << "the service may come";
  readiness_.set_phase(telemetry::Phase::Stopping);
  session_->on_time(now_ += 1s);
  run();
  EXPECT_EQ(client_.answer(known).body,
            frame(ServingStatus::Serving) + frame(ServingStatus::NotServing));
  session_->drain(now_);
  run();
  EXPECT_EQ(client_.answer(known).status(), "0");
  EXPECT_EQ(client_.answer(unknown).status(), "0");
}

}  // namespace
}  // namespace betrace::ingest
