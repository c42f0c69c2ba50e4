// Goal: OTLP/HTTP as exporters expect it: the type of the answer is that of the request, errors
// included; what can be retried says so, what cannot does not.
// Method: a real server on a free port; a sink that remembers, and refuses when told to.
#include "betrace/ingest/otlp_http_receiver.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "betrace/base/json.h"
#include "betrace/http/client.h"
#include "betrace/http/gzip.h"
#include "betrace/http/raw_socket.h"
#include "betrace/http/server.h"
#include "betrace/ingest/test_sink.h"
#include "betrace/otlp/trace_writer.h"

namespace betrace::ingest {
namespace {

using telemetry::MetricId;

constexpr char kProtobuf[] = "application/x-protobuf";
constexpr char kJson[] = "application/json";

class OtlpHttpReceiverTest : public ::testing::Test {
 protected:
  OtlpHttpReceiverTest() {
    OtlpHttpOptions options;
    options.body_bytes_max = 100'000;
    options.limits.spans_max = 100;
    http::RouteTable routes;
    routes.add(otlp_http_routes(sink_, metrics_, options));
    http::ListenerOptions listener;
    listener.error_format = otlp_error;
    port_ = server_.listen(listener, std::move(routes)).value();
    server_.start();
    client_ = std::make_unique<http::Client>(http::ClientOptions{.port = port_});
  }

  http::Response post(std::string_view type, std::string_view body, bool gzipped = false) {
    auto reply = client_->post("/v1/traces", type, body, gzipped);
    return reply ? *std::move(reply) : http::make_response(0, "none", reply.error().message);
  }

  static std::string type_of(const http::Response& response) {
    return std::string(response.headers.find("Content-Type").value_or("none"));
  }

  FakeSink sink_;
  telemetry::Metrics metrics_;
  http::Server server_;
  std::uint16_t port_ = 0;
  std::unique_ptr<http::Client> client_;
};

TEST_F(OtlpHttpReceiverTest, ATypeMayBeWrittenInAnyCase) {
  const std::string body = otlp::write_protobuf(std::vector{span_named("one")});
  const auto reply = post("Application/X-Protobuf; v=1", body);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(type_of(reply), kProtobuf);
  EXPECT_EQ(sink_.names(), std::vector<std::string>{"one"});
}

TEST_F(OtlpHttpReceiverTest, TakesSpansInEitherFormPlainAndGzipped) {
  const std::vector<model::SpanView> spans = {span_named("one", 1), span_named("two", 2)};
  for (const bool gzipped : {false, true}) {
    const auto protobuf = post(kProtobuf, otlp::write_protobuf(spans), gzipped);
    EXPECT_EQ(protobuf.status, 200);
    EXPECT_EQ(protobuf.body, "") << "partial_success is unset";
    EXPECT_EQ(type_of(protobuf), kProtobuf);
    EXPECT_EQ(sink_.protocol(), "http_protobuf");
    const auto json = post(kJson, otlp::write_json(spans), gzipped);
    EXPECT_EQ(json.status, 200);
    EXPECT_EQ(json.body, "{}");
    EXPECT_EQ(type_of(json), kJson);
    EXPECT_EQ(sink_.protocol(), "http_json");
  }
  EXPECT_EQ(sink_.names().size(), 8u);
  EXPECT_EQ(sink_.names()[1], "two");
  EXPECT_EQ(metrics_.value(MetricId::SpansReceived, {"http_protobuf"}), 4);
  EXPECT_EQ(metrics_.value(MetricId::SpansReceived, {"http_json"}), 4);
}

TEST_F(OtlpHttpReceiverTest, TakesAnEmptyRequest) {
  EXPECT_EQ(post(kProtobuf, "").status, 200);
  EXPECT_EQ(post(kJson, "{}").status, 200);
  EXPECT_EQ(post("application/json; charset=utf-8", R"({"resourceSpans":[]})").status, 200);
  EXPECT_TRUE(sink_.names().empty());
}

TEST_F(OtlpHttpReceiverTest, RejectsInvalidSpansAlone) {
  model::SpanView without_id = span_named("bad");
  without_id.span_id = {};
  const std::vector<model::SpanView> spans = {span_named("good"), without_id};
  const auto json = post(kJson, otlp::write_json(spans));
  EXPECT_EQ(json.status, 200);
  const Json body = parse_json(json.body).value();
  EXPECT_EQ(body["partialSuccess"]["rejectedSpans"], "1");
  EXPECT_NE(body["partialSuccess"]["errorMessage"], "");
  const auto protobuf = post(kProtobuf, otlp::write_protobuf(spans));
  EXPECT_EQ(protobuf.status, 200);
  EXPECT_EQ(protobuf.body.substr(0, 1), "\x0a") << "partial_success is set";
  EXPECT_EQ(sink_.names(), (std::vector<std::string>{"good", "good"}));
  EXPECT_EQ(metrics_.value(MetricId::SpansReceived, {"http_json"}), 2);
  EXPECT_EQ(metrics_.value(MetricId::SpansRejected, {"invalid_id"}), 2);
}

TEST_F(OtlpHttpReceiverTest, NamesWhatIsWrongWithABodyThatCannotBeRead) {
  const auto json = post(kJson, R"({"resourceSpans":7})");
  EXPECT_EQ(json.status, 400);
  EXPECT_EQ(type_of(json), kJson);
  const Json status = parse_json(json.body).value();
  EXPECT_EQ(status["code"], 3);
  EXPECT_EQ(status["details"][0]["@type"], "type.googleapis.com/google.rpc.BadRequest");
  EXPECT_EQ(status["details"][0]["fieldViolations"].size(), 1u);
  const auto protobuf = post(kProtobuf, "\x0a\xff\xff");
  EXPECT_EQ(protobuf.status, 400);
  EXPECT_EQ(type_of(protobuf), kProtobuf);
  EXPECT_EQ(protobuf.body.substr(0, 2), "\x08\x03");
  EXPECT_NE(protobuf.body.find("google.rpc.BadRequest"), std::string::npos);
  EXPECT_FALSE(json.headers.contains("Retry-After"));
  EXPECT_EQ(metrics_.value(MetricId::Refused, {"malformed", "http_json"}), 1);
  EXPECT_EQ(metrics_.value(MetricId::Refused, {"malformed", "http_protobuf"}), 1);
  EXPECT_TRUE(sink_.names().empty());
}

TEST_F(OtlpHttpReceiverTest, TakesNoSpanThatComesBeforeAMistake) {
  const std::vector<model::SpanView> spans = {span_named("a")};
  EXPECT_EQ(post(kProtobuf, otlp::write_protobuf(spans) + "\x0a\x7f").status, 400);
  std::string json = otlp::write_json(spans);
  json.insert(json.rfind("]}"), R"(,{"scopeSpans":7})");
  EXPECT_EQ(post(kJson, json).status, 400);
  EXPECT_TRUE(sink_.names().empty());
}

TEST_F(OtlpHttpReceiverTest, AnswersOtherTypesAndCodingsWith415) {
  for (const char* type : {"text/plain", "application/protobuf", "application/x-protobuf2"}) {
    const auto reply = post(type, "{}");
    EXPECT_EQ(reply.status, 415) << type;
    EXPECT_EQ(type_of(reply), kJson) << type;
    EXPECT_TRUE(parse_json(reply.body).value().contains("code"));
  }
  const auto coded = client_->send("POST", "/v1/traces", "x",
                                   {{"Content-Type", kProtobuf}, {"Content-Encoding", "zstd"}});
  EXPECT_EQ(coded->status, 415);
  EXPECT_EQ(type_of(*coded), kProtobuf);
  EXPECT_TRUE(sink_.asked().empty()) << "admission comes after type and coding";
  EXPECT_EQ(client_->send("POST", "/v1/traces")->status, 415) << "no body and no type";
}

TEST_F(OtlpHttpReceiverTest, LimitsABodyAfterInflation) {
  const auto padded = [](std::size_t bytes) { return "{}" + std::string(bytes - 2, ' '); };
  for (const bool gzipped : {false, true}) {
    EXPECT_EQ(post(kJson, padded(99'999), gzipped).status, 200);
    EXPECT_EQ(post(kJson, padded(100'000), gzipped).status, 200);
    const auto over = post(kJson, padded(100'001), gzipped);
    EXPECT_EQ(over.status, 413);
    EXPECT_EQ(parse_json(over.body).value()["code"], 8);
    EXPECT_FALSE(over.headers.contains("Retry-After")) << "it would fail again";
  }
}

TEST_F(OtlpHttpReceiverTest, RefusesTooManySpansWhole) {
  std::vector<model::SpanView> spans;
  for (std::uint8_t id = 1; id <= 101; ++id) spans.push_back(span_named("x", id));
  EXPECT_EQ(post(kProtobuf, otlp::write_protobuf(spans)).status, 413);
  EXPECT_TRUE(sink_.names().empty());
  EXPECT_EQ(metrics_.value(MetricId::Refused, {"spans_per_request", "http_protobuf"}), 1);
  spans.pop_back();
  EXPECT_EQ(post(kProtobuf, otlp::write_protobuf(spans)).status, 200);
  EXPECT_EQ(sink_.names().size(), 100u);
}

TEST_F(OtlpHttpReceiverTest, AsksToComeBackWhenSpansCannotBeTakenNow) {
  sink_.refusal = engine::Refusal{"ingest_queue", 7};
  const auto paced = post(kJson, "{}");
  EXPECT_EQ(paced.status, 429);
  EXPECT_EQ(paced.headers.find("Retry-After"), "7");
  const Json status = parse_json(paced.body).value();
  EXPECT_EQ(status["code"], 8);
  EXPECT_EQ(status["details"][0]["retryDelay"], "7s");
  for (const char* limit : {"memory", "stopping", "log.pending"}) {
    sink_.refusal = engine::Refusal{limit, 2};
    const auto refused = post(kProtobuf, "");
    EXPECT_EQ(refused.status, 503) << limit;
    EXPECT_EQ(refused.headers.find("Retry-After"), "2");
    EXPECT_EQ(type_of(refused), kProtobuf);
    EXPECT_EQ(refused.body.substr(0, 2), "\x08\x0e");
    EXPECT_EQ(metrics_.value(MetricId::Refused, {limit, "http_protobuf"}), 1) << limit;
  }
  EXPECT_TRUE(sink_.names().empty());
}

TEST_F(OtlpHttpReceiverTest, AsksAgainWhenABodyIsLargerThanItWasDeclared) {
  const std::string body = "{}" + std::string(50'000, ' ');
  EXPECT_EQ(post(kJson, body).status, 200);
  EXPECT_EQ(sink_.asked(), (std::vector<std::size_t>{body.size()})) << "once is enough";
  sink_.bytes_max = 10'000;
  EXPECT_EQ(post(kJson, body, true).status, 429);
  EXPECT_EQ(sink_.asked().size(), 3u);
  EXPECT_EQ(sink_.asked().back(), body.size());
}

TEST_F(OtlpHttpReceiverTest, AcceptsTracesOnly) {
  for (const char* path : {"/v1/metrics", "/v1/logs", "/v1development/profiles"}) {
    const auto protobuf = client_->post(path, kProtobuf, std::string(1'000, 'x'));
    EXPECT_EQ(protobuf->status, 404) << path;
    EXPECT_EQ(type_of(*protobuf), kProtobuf);
    const auto json = client_->post(path, kJson, "{}");
    EXPECT_EQ(parse_json(json->body).value()["message"], "this receiver accepts traces only");
    EXPECT_EQ(parse_json(json->body).value()["code"], 5);
  }
}

TEST_F(OtlpHttpReceiverTest, AnswersEveryOtherMistakeWithAStatusToo) {
  const auto wrong_method = client_->get("/v1/traces", {{"Content-Type", kProtobuf}});
  EXPECT_EQ(wrong_method->status, 405);
  EXPECT_EQ(wrong_method->headers.find("Allow"), "POST");
  EXPECT_EQ(type_of(*wrong_method), kProtobuf);
  const auto wrong_path = client_->post("/v1/traces/", kJson, "{}");
  EXPECT_EQ(wrong_path->status, 404);
  EXPECT_EQ(parse_json(wrong_path->body).value()["code"], 5);
  const auto damaged = client_->send("POST", "/v1/traces", "no gzip",
                                     {{"Content-Type", kJson}, {"Content-Encoding", "gzip"}});
  EXPECT_EQ(damaged->status, 400);
  EXPECT_EQ(parse_json(damaged->body).value()["code"], 3);
  http::RawSocket malformed(port_);
  ASSERT_TRUE(
      malformed.send("POST /v1/traces HTTP/1.1\r\nHost: a\r\n"
                     "Content-Type: application/json\r\nContent-Length: x\r\n\r\n"));
  const std::string reply = malformed.reply();
  EXPECT_EQ(http::status_of(reply), 400);
  EXPECT_EQ(parse_json(http::body_of(reply)).value()["code"], 3);
}

}  // namespace
}  // namespace betrace::ingest
