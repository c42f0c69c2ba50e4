// Goal: every answer of a receiver means what OTLP says it means.
// Method: tables of answers, for both protocols.
#include "betrace/exporter/sink_outcome.h"

#include <gtest/gtest.h>

#include "betrace/base/base64.h"
#include "betrace/http/message_frame.h"
#include "betrace/otlp/export_response.h"

namespace betrace::exporter {
namespace {

using std::chrono::seconds;
using enum SinkVerdict;

constexpr UnixNanos kNow = 1'769'841'600'000'000'000;  // Sat, 31 Jan 2026 06:40:00 GMT

http::Response reply(int status, std::string body = "",
                     std::string_view type = "application/x-protobuf") {
  return http::make_response(status, type, std::move(body));
}

http::Response call(int code, std::string body = "") {
  http::Response made = reply(200, std::move(body), "application/grpc");
  made.headers.add("grpc-status", std::to_string(code));
  return made;
}

std::string partial(std::uint32_t rejected, std::string message) {
  otlp::ReadSummary summary;
  summary.rejected[0] = rejected;
  summary.messages.push_back(std::move(message));
  return otlp::export_response(summary, otlp::WireForm::Protobuf);
}

struct Row {
  int code = 0;
  SinkVerdict verdict = Delivered;
  std::string_view reason;
};

TEST(SinkOutcomeTest, EachHttpStatusHasItsMeaning) {
  constexpr Row kRows[] = {{200, Delivered, ""},
                           {202, Delivered, ""},
                           {301, Misconfigured, "rejected"},
                           {400, Refused, "rejected"},
                           {401, Misconfigured, "auth"},
                           {403, Misconfigured, "auth"},
                           {404, Misconfigured, "rejected"},
                           {408, Later, "unavailable"},
                           {413, Refused, "rejected"},
                           {415, Misconfigured, "rejected"},
                           {429, Later, "unavailable"},
                           {500, Failed, "unavailable"},
                           {501, Failed, "unavailable"},
                           {502, Later, "unavailable"},
                           {503, Later, "unavailable"},
                           {504, Later, "unavailable"}};
  for (const Row& row : kRows) {
    const SinkOutcome outcome = http_outcome(reply(row.code), kNow);
    EXPECT_EQ(outcome.verdict, row.verdict) << row.code;
    EXPECT_EQ(outcome.reason, row.reason) << row.code;
  }
}

TEST(SinkOutcomeTest, EachGrpcStatusHasItsMeaning) {
  constexpr Row kRows[] = {{0, Delivered, ""},
                           {1, Later, "unavailable"},
                           {2, Failed, "unavailable"},
                           {3, Refused, "rejected"},
                           {4, Later, "unavailable"},
                           {5, Misconfigured, "rejected"},
                           {6, Refused, "rejected"},
                           {7, Misconfigured, "auth"},
                           {8, Refused, "rejected"},
                           {9, Refused, "rejected"},
                           {10, Later, "unavailable"},
                           {11, Later, "unavailable"},
                           {12, Misconfigured, "rejected"},
                           {13, Failed, "unavailable"},
                           {14, Later, "unavailable"},
                           {15, Later, "unavailable"},
                           {16, Misconfigured, "auth"},
                           {99, Failed, "unavailable"}};
  for (const Row& row : kRows) {
    const SinkOutcome outcome = grpc_outcome(call(row.code), kNow);
    EXPECT_EQ(outcome.verdict, row.verdict) << row.code;
    EXPECT_EQ(outcome.reason, row.reason) << row.code;
  }
}

TEST(SinkOutcomeTest, RetryAfterIsSecondsOrADate) {
  http::Response later = reply(503);
  later.headers.add("Retry-After", "7");
  EXPECT_EQ(http_outcome(later, kNow).retry_after, seconds(7));
  EXPECT_EQ(read_retry_after("Sat, 31 Jan 2026 06:40:30 GMT", kNow), seconds(30));
  EXPECT_EQ(read_retry_after("Sat, 31 Jan 2026 06:39:30 GMT", kNow), seconds(0));
  EXPECT_EQ(read_retry_after("99999999999999999999", kNow), seconds(86'400));
  EXPECT_EQ(read_retry_after("soon", kNow), std::nullopt);
  EXPECT_EQ(read_retry_after("-1", kNow), std::nullopt);
  EXPECT_EQ(read_retry_after("", kNow), std::nullopt);
}

TEST(SinkOutcomeTest, RetryInfoMakesAnExhaustedResourceOneToWaitFor) {
  const otlp::RpcStatus status{RpcCode::ResourceExhausted, "", {}, seconds(3)};
  http::Response later = call(8);
  later.headers.add("grpc-status-details-bin",
                    to_base64(otlp::status_body(status, otlp::WireForm::Protobuf)));
  EXPECT_EQ(grpc_outcome(later, kNow).verdict, Later);
  EXPECT_EQ(grpc_outcome(later, kNow).retry_after, seconds(3));
}

TEST(SinkOutcomeTest, APartialSuccessIsARefusalWithTheWordsOfTheSink) {
  const std::string body = partial(2, "too long");
  for (const SinkOutcome& outcome : {http_outcome(reply(200, body), kNow),
                                     grpc_outcome(call(0, http::message_frame(body)), kNow)}) {
    EXPECT_EQ(outcome.verdict, Refused);
    EXPECT_TRUE(outcome.message.starts_with("2 spans rejected: ")) << outcome.message;
    EXPECT_NE(outcome.message.find("too long"), std::string::npos) << outcome.message;
  }
}

TEST(SinkOutcomeTest, WordsOfTheSinkAreFitToBeShown) {
  http::Response refused = call(3);
  refused.headers.add("grpc-message", "no%0A\x01 " + std::string(1'000, 'x'));
  const std::string message = grpc_outcome(refused, kNow).message;
  EXPECT_TRUE(message.starts_with("gRPC status 3: no\\x0a\\x01 x")) << message;
  EXPECT_LT(message.size(), 200U);
}

TEST(SinkOutcomeTest, WhatIsNoReceiverIsNotBelieved) {
  EXPECT_EQ(http_outcome(reply(200, "<html>", "text/html; charset=utf-8"), kNow).verdict,
            Misconfigured);
  EXPECT_EQ(http_outcome(reply(200, "<html>"), kNow).verdict, Later);
  EXPECT_EQ(grpc_outcome(reply(200, "", "text/html"), kNow).verdict, Misconfigured);
  EXPECT_EQ(grpc_outcome(reply(200, "", "application/grpc"), kNow).verdict, Later);
  EXPECT_EQ(grpc_outcome(call(0, "\x01"), kNow).verdict, Later);
  EXPECT_EQ(grpc_outcome(reply(503, "", "text/plain"), kNow).verdict, Later);
}

TEST(SinkOutcomeTest, AnAnswerInJsonOrWordsIsAnAnswer) {
  EXPECT_EQ(http_outcome(reply(200, "{}", "application/json"), kNow).verdict, Delivered);
  EXPECT_EQ(http_outcome(reply(200, "OK", "text/plain"), kNow).verdict, Delivered);
}

}  // namespace
}  // namespace betrace::exporter
