// Goal: through the real doors a span asks the heap for nothing, and a request seldom.
// Method: malloc() counts, for each thread. Over HTTP a server on a free port serves one
// connection, and the sink sees between two requests how often its thread has asked; over gRPC a
// session is fed in memory. What observers, rules and shards do is not counted: the sink forgets
// all spans. A sanitizer brings its own heap, so under one this is skipped.

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "betrace/base/heap_asked.h"
#include "betrace/http/call_session.h"
#include "betrace/http/client.h"
#include "betrace/http/server.h"
#include "betrace/http/test_call_client.h"
#include "betrace/ingest/otlp_grpc_receiver.h"
#include "betrace/ingest/otlp_http_receiver.h"
#include "betrace/ingest/test_sink.h"
#include "betrace/otlp/trace_writer.h"

namespace betrace::ingest {
namespace {

using namespace std::chrono_literals;

// Forgets what it takes, and notes how often the heap was asked until each request.
class ForgetfulSink : public engine::SpanSink {
 public:
  std::optional<engine::Refusal> admit(std::size_t) override {
    if (notes.size() < notes.capacity()) notes.push_back(heap_asked);
    return std::nullopt;
  }
  std::unique_ptr<engine::SpanIntake> open(const engine::SpanOrigin&) override {
    return std::make_unique<Intake>();
  }

  struct Intake : engine::SpanIntake {
    const model::SpanInterest& interest() const noexcept override { return nothing; }
    void add(const model::SpanView&) override {}
    void submit() override {}
    model::SpanInterest nothing;
  };

  std::vector<std::uint64_t> notes;  // grows to its capacity, which a test sets
};

std::string request_of(std::size_t spans) {
  std::vector<model::SpanView> views;
  for (std::size_t i = 0; i < spans; ++i) {
    views.push_back(span_named("GET /items", static_cast<std::uint8_t>(i + 1)));
  }
  return otlp::write_protobuf(views);
}

class DoorAllocationsTest : public ::testing::Test {
 protected:
  static constexpr int kWarmUp = 20;
  static constexpr int kCounted = 20;

  void SetUp() override {
    if (kHeapIsSanitized)
      GTEST_SKIP() << "NOT CHECKED: a sanitizer has the heap; run the release build";
    sink_.notes.reserve(kWarmUp + kCounted + 1);
  }

  // The most that one of many requests of so many spans asked for.
  std::uint64_t over_http(std::size_t spans) {
    http::RouteTable routes;
    routes.add(otlp_http_routes(sink_, metrics_));
    http::Server server;
    const auto port = server.listen({}, std::move(routes)).value();
    server.start();
    http::Client client(http::ClientOptions{.port = port});
    const std::string request = request_of(spans);
    sink_.notes.clear();
    for (int i = 0; i < kWarmUp + kCounted + 1; ++i) {
      const auto reply = client.post("/v1/traces", "application/x-protobuf", request);
      EXPECT_TRUE(reply && reply->status == 200);
    }
    server.stop(1s);
    return most_between_notes();
  }

  std::uint64_t over_grpc(std::size_t spans) {
    http::CallTable table;
    table.add(otlp_grpc_export(sink_, metrics_, {}));
    http::CallListenerOptions options;
    options.retry_later = otlp_retry_later;
    http::CallService service(std::move(options), std::move(table), {}, &observer_, &bodies_);
    http::CallSession session(service, "127.0.0.1", MonotonicTime(1h));
    http::CallClient client;
    const std::string request = request_of(spans);
    std::string reply;
    std::uint64_t most = 0;
    for (int i = 0; i < kWarmUp + kCounted; ++i) {
      const std::int32_t stream =
          client.call("/opentelemetry.proto.collector.trace.v1.TraceService/Export", request);
      const std::string sent = client.output();
      const std::uint64_t before = heap_asked;
      session.receive(sent, MonotonicTime(1h));
      reply.clear();
      session.take_output(&reply, 1'000'000);
      if (i >= kWarmUp) most = std::max(most, heap_asked - before);
      client.receive(reply);
      EXPECT_EQ(client.answer(stream).status(), "0");
    }
    return most;
  }

  std::uint64_t most_between_notes() const {
    EXPECT_EQ(sink_.notes.size(), sink_.notes.capacity());
    std::uint64_t most = 0;
    for (std::size_t i = kWarmUp + 1; i < sink_.notes.size(); ++i) {
      most = std::max(most, sink_.notes[i] - sink_.notes[i - 1]);
    }
    return most;
  }

  ForgetfulSink sink_;
  telemetry::Metrics metrics_;
  http::ServerObserver observer_;
  http::BodyBufferPool bodies_{64 * 1024 * 1024};
};

TEST_F(DoorAllocationsTest, SpansAskForNothing) {
  EXPECT_EQ(over_http(200), over_http(10));
  EXPECT_EQ(over_grpc(200), over_grpc(10));
}

// Over HTTP: the intake, which is the sink's, and name and place of the one field of the response.
// Over gRPC also: the call, its reply, their fields, and what the library keeps of a stream.
TEST_F(DoorAllocationsTest, ARequestSeldomAsks) {
  EXPECT_LE(over_http(25), 3U);
  EXPECT_LE(over_grpc(25), 15U);
}

}  // namespace
}  // namespace betrace::ingest
