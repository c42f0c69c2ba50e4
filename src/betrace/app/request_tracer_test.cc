// Goal: a span tells what was served and to whose trace it belongs; probes and most ingest are left
// out, and nothing that a client wrote is in it but its ids.
#include "betrace/app/request_tracer.h"

#include <gtest/gtest.h>

namespace betrace::app {
namespace {

constexpr UnixNanos kFinishedAt = 1'769'841'600'000'000'000;
constexpr std::string_view kParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(TraceParentTest, ReadsIdsAndWhetherTheClientRecords) {
  const auto parent = read_trace_parent(kParent);
  ASSERT_TRUE(parent.has_value());
  EXPECT_EQ(parent->trace_id.hex(), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(parent->span_id.hex(), "00f067aa0ba902b7");
  EXPECT_TRUE(parent->is_sampled);
  EXPECT_FALSE(
      read_trace_parent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00")->is_sampled);
}

TEST(TraceParentTest, AnythingElseIsNone) {
  for (const std::string_view text :
       {"", "00", "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-010",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473x-00f067aa0ba902b7-01",
        "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}) {
    EXPECT_FALSE(read_trace_parent(text).has_value()) << text;
  }
}

class RequestTracerTest : public testing::Test {
 protected:
  http::FinishedRequest finished(std::string_view route, int status = 200) {
    return {.method = "GET",
            .route = route,
            .status = status,
            .seconds = 0.25,
            .request_bytes = 7,
            .response_bytes = 8,
            .error_code = {},
            .head = head_};
  }

  http::FinishedCall called(std::string_view method = "Export") {
    return {.method = method, .code = "OK", .seconds = 0.001, .head = call_head_};
  }

  http::RequestHead head_;
  http::CallHead call_head_;
  std::vector<exporter::OwnSpan> spans_;
  RequestTracer tracer_{[this](exporter::OwnSpan span) { spans_.push_back(std::move(span)); },
                        [] {
                          return Now{MonotonicTime(), kFinishedAt};
                        }};
};

TEST_F(RequestTracerTest, TellsRouteStatusAndTime) {
  head_.path = "/v1/rules/secret-name";
  head_.request_id = "7f0c2a";
  head_.actor = "key:ops";
  tracer_.request(finished("/v1/rules/{id}", 503));
  ASSERT_EQ(spans_.size(), 1U);
  const exporter::OwnSpan& span = spans_[0];
  EXPECT_EQ(span.name, "GET /v1/rules/{id}");
  EXPECT_EQ(span.end_time, kFinishedAt);
  EXPECT_EQ(span.start_time, kFinishedAt - 250'000'000);
  EXPECT_TRUE(span.is_error);
  EXPECT_TRUE(span.parent_span_id.is_zero());
  EXPECT_FALSE(span.trace_id.is_zero());
  const std::vector<std::pair<std::string, std::string>> texts = {{"http.request.method", "GET"},
                                                                  {"http.route", "/v1/rules/{id}"},
                                                                  {"betrace.request_id", "7f0c2a"},
                                                                  {"betrace.actor", "key:ops"}};
  EXPECT_EQ(span.texts, texts);
  EXPECT_EQ(span.numbers[0].second, 503);
}

TEST_F(RequestTracerTest, ContinuesTheTraceOfTheClientIfThatIsRecorded) {
  head_.headers.add("traceparent", kParent);
  tracer_.request(finished("/v1/rules"));
  ASSERT_EQ(spans_.size(), 1U);
  EXPECT_EQ(spans_[0].trace_id.hex(), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(spans_[0].parent_span_id.hex(), "00f067aa0ba902b7");
  head_.headers = {};
  head_.headers.add("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");
  tracer_.request(finished("/v1/rules"));
  EXPECT_EQ(spans_.size(), 1U);
}

TEST_F(RequestTracerTest, ContinuesTheTraceOfACallerIfThatIsRecorded) {
  call_head_.metadata.add("traceparent", kParent);
  tracer_.call(called());
  ASSERT_EQ(spans_.size(), 1U);
  EXPECT_EQ(spans_[0].name, "TraceService/Export");
  EXPECT_EQ(spans_[0].trace_id.hex(), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(spans_[0].parent_span_id.hex(), "00f067aa0ba902b7");
}

TEST_F(RequestTracerTest, LeavesOutTheCallThatItsCallerDoesNotRecord) {
  call_head_.metadata.add("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");
  tracer_.call(called());
  EXPECT_TRUE(spans_.empty());
}

TEST_F(RequestTracerTest, ATraceParentThatIsMalformedOrThereTwiceBeginsANewTrace) {
  head_.headers.add("traceparent", kParent);
  head_.headers.add("traceparent", kParent);
  tracer_.request(finished("/v1/rules"));
  call_head_.metadata.add("traceparent", "00-4bf92f35-00f067aa0ba902b7-01");
  tracer_.call(called());
  ASSERT_EQ(spans_.size(), 2U);
  for (const exporter::OwnSpan& span : spans_) {
    EXPECT_FALSE(span.trace_id.is_zero());
    EXPECT_NE(span.trace_id.hex(), "4bf92f3577b34da6a3ce929d0e0e4736");
    EXPECT_TRUE(span.parent_span_id.is_zero());
  }
}

TEST_F(RequestTracerTest, LeavesProbesScrapesStreamsAndUnknownPathsOut) {
  for (const char* route : {"/health", "/ready", "/v1/health", "/v1/ready", "/metrics", "other"}) {
    tracer_.request(finished(route));
  }
  http::FinishedRequest stream = finished("/v1/violations/stream");
  stream.is_stream = true;
  tracer_.request(stream);
  tracer_.call(called("Check"));
  EXPECT_TRUE(spans_.empty());
}

TEST_F(RequestTracerTest, OfTheDoorsForSpansOneIn256IsTraced) {
  for (std::uint32_t i = 0; i < RequestTracer::kIngestPerSpan; ++i) {
    tracer_.request(finished("/v1/traces"));
    tracer_.call(called());
  }
  EXPECT_EQ(spans_.size(), 2U);
}

}  // namespace
}  // namespace betrace::app
