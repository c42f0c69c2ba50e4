// Goal: own spans are sent in batches, and what cannot be sent is dropped, counted, and never
// waits. Method: a sink that answers as the test wants.
#include "betrace/exporter/own_traces.h"

#include <gtest/gtest.h>
#include <otlp.pb.h>

#include "betrace/exporter/test_sink.h"

namespace betrace::exporter {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using telemetry::MetricId;

class OwnSpansSink : public TestSink {
 public:
  explicit OwnSpansSink(SinkVerdict verdict) : verdict_(verdict) {}

  void send(std::uint64_t id, std::string request) override {
    const std::lock_guard lock(mutex_);
    requests.emplace_back().ParseFromString(request);
    if (!is_silent) answer(id, verdict_);
  }

  std::vector<otlp::oracle::ExportTraceServiceRequest> requests;
  bool is_silent = false;

 private:
  const SinkVerdict verdict_;
};

class OwnTracesTest : public testing::Test {
 protected:
  void make(SinkVerdict verdict = SinkVerdict::Delivered) {
    auto sink = std::make_unique<OwnSpansSink>(verdict);
    sink_ = sink.get();
    options_.spans.resource = {{"service.name", "betrace"}, {"zone", "b"}};
    traces_ = std::make_unique<OwnTraces>(options_, std::move(sink), metrics_, logger_);
  }

  static OwnSpan span(std::uint8_t number) {
    OwnSpan span;
    span.name = "GET /v1/rules";
    span.trace_id.bytes.fill(number);
    span.span_id.bytes.fill(number);
    span.start_time = 1'000;
    span.end_time = 2'000;
    span.texts = {{"http.route", "/v1/rules"}};
    span.numbers = {{"http.response.status_code", 200}};
    return span;
  }

  double exported() { return metrics_.value(MetricId::OwnSpans, {"exported"}); }
  double dropped() { return metrics_.value(MetricId::OwnSpans, {"dropped"}); }

  OwnTracesOptions options_;
  telemetry::Metrics metrics_;
  std::string lines_;
  telemetry::Logger logger_{{.sink = [this](std::string_view line) { lines_ += line; }}};
  OwnSpansSink* sink_ = nullptr;
  std::unique_ptr<OwnTraces> traces_;
};

TEST_F(OwnTracesTest, SendsWholeBatchesAndTheRestAtTheEnd) {
  options_.batch_spans_max = 10;
  make();
  for (std::uint8_t i = 1; i <= 25; ++i) traces_->add(span(i));
  traces_->start();
  traces_->stop(seconds(60));
  ASSERT_EQ(sink_->requests.size(), 3U);
  EXPECT_EQ(sink_->requests[2].resource_spans(0).scope_spans(0).spans_size(), 5);
  EXPECT_EQ(exported(), 25);
  EXPECT_EQ(dropped(), 0);
}

TEST_F(OwnTracesTest, SaysWhoItIsByTheScopeThatIngestDrops) {
  make();
  OwnSpan failed = span(1);
  failed.parent_span_id.bytes.fill(9);
  failed.is_error = true;
  traces_->add(failed);
  traces_->start();
  traces_->stop(seconds(60));
  const auto& group = sink_->requests.at(0).resource_spans(0);
  EXPECT_EQ(group.resource().attributes(1).key(), "zone");
  EXPECT_EQ(group.scope_spans(0).scope().name(), "betrace");
  const auto& sent = group.scope_spans(0).spans(0);
  EXPECT_EQ(sent.name(), "GET /v1/rules");
  EXPECT_EQ(sent.kind(), 2) << "server";
  EXPECT_EQ(sent.trace_id(), std::string(16, '\x01'));
  EXPECT_EQ(sent.parent_span_id(), std::string(8, '\x09'));
  EXPECT_EQ(sent.start_time_unix_nano(), 1'000U);
  EXPECT_EQ(sent.end_time_unix_nano(), 2'000U);
  EXPECT_EQ(sent.status().code(), 2);
  EXPECT_EQ(sent.attributes(0).value().string_value(), "/v1/rules");
  EXPECT_EQ(sent.attributes(1).value().int_value(), 200);
}

TEST_F(OwnTracesTest, DropsAndCountsWhatTheQueueHasNoRoomFor) {
  options_.queue_spans_max = 10;
  make();
  for (std::uint8_t i = 1; i <= 11; ++i) traces_->add(span(i));
  EXPECT_EQ(dropped(), 1);
  traces_->start();
  traces_->stop(seconds(60));
  EXPECT_EQ(exported(), 10);
}

TEST_F(OwnTracesTest, DropsAndCountsWhatTheReceiverDoesNotTake) {
  make(SinkVerdict::Later);
  for (std::uint8_t i = 1; i <= 3; ++i) traces_->add(span(i));
  traces_->start();
  traces_->stop(seconds(60));
  EXPECT_EQ(dropped(), 3);
  EXPECT_NE(lines_.find("own traces were not taken"), std::string::npos);
}

TEST_F(OwnTracesTest, EndsWhenItsGraceDoes) {
  make();
  sink_->is_silent = true;
  traces_->add(span(1));
  traces_->start();
  traces_->stop(milliseconds(1));
  EXPECT_EQ(exported(), 0);
  EXPECT_EQ(dropped(), 1);
}

}  // namespace
}  // namespace betrace::exporter
