#include "betrace/otlp/export_response.h"

#include <gtest/gtest.h>

#include "otlp.pb.h"

// Goal: the bodies are what a client's protobuf library reads; libprotobuf is that client here.

namespace betrace::otlp {
namespace {

TEST(ExportResponseTest, IsEmptyWhenNothingWasLost) {
  EXPECT_EQ(export_response(ReadSummary{}, WireForm::Protobuf), "");
  EXPECT_EQ(export_response(ReadSummary{}, WireForm::Json), "{}");
}

TEST(ExportResponseTest, NamesRejectedSpansAndReasons) {
  ReadSummary summary;
  summary.spans_decoded = 10;
  summary.add(SpanRejection{RejectReason::InvalidId, "trace_id is zero"}, 3);
  summary.add(SpanRejection{RejectReason::InvalidText, "name is not valid UTF-8"}, 7);
  const std::string message =
      "1 rejected as invalid_id, 1 rejected as invalid_text; span 3: trace_id is zero, span 7: "
      "name is not valid UTF-8";
  oracle::ExportTraceServiceResponse response;
  ASSERT_TRUE(response.ParseFromString(export_response(summary, WireForm::Protobuf)));
  EXPECT_EQ(response.partial_success().rejected_spans(), 2);
  EXPECT_EQ(response.partial_success().error_message(), message);
  EXPECT_EQ(export_response(summary, WireForm::Json),
            R"({"partialSuccess":{"rejectedSpans":"2","errorMessage":")" + message + "\"}}");
}

TEST(ExportResponseTest, WarnsOfCutsWithoutRejectingAnything) {
  ReadSummary summary;
  summary.truncated[static_cast<std::size_t>(TruncatedPart::Value)] = 4;
  oracle::ExportTraceServiceResponse response;
  ASSERT_TRUE(response.ParseFromString(export_response(summary, WireForm::Protobuf)));
  EXPECT_EQ(response.partial_success().rejected_spans(), 0);
  EXPECT_EQ(response.partial_success().error_message(), "4 cut at the limit of value");
}

TEST(ExportResponseTest, KeepsTheMessagesOfTheFirstRejectionsOnly) {
  ReadSummary summary;
  for (std::uint64_t i = 0; i < 1'000; ++i) {
    summary.add(SpanRejection{RejectReason::InvalidId, "trace_id is zero"}, i);
  }
  EXPECT_EQ(summary.messages.size(), ReadSummary::kMessagesMax);
  EXPECT_EQ(summary.rejected_count(), 1'000u);
}

TEST(StatusBodyTest, CarriesTheViolationsOfABadRequest) {
  const RpcStatus status =
      status_of_unreadable(ErrorCode::InvalidArgument, "malformed \"protobuf\" at byte 7");
  oracle::RpcStatus read;
  ASSERT_TRUE(read.ParseFromString(status_body(status, WireForm::Protobuf)));
  EXPECT_EQ(read.code(), 3);
  EXPECT_EQ(read.message(), "malformed \"protobuf\" at byte 7");
  ASSERT_EQ(read.details_size(), 1);
  EXPECT_EQ(read.details(0).type_url(), "type.googleapis.com/google.rpc.BadRequest");
  oracle::BadRequest bad_request;
  ASSERT_TRUE(bad_request.ParseFromString(read.details(0).value()));
  ASSERT_EQ(bad_request.field_violations_size(), 1);
  EXPECT_EQ(bad_request.field_violations(0).field(), "resource_spans");
  EXPECT_EQ(status_body(status, WireForm::Json),
            R"({"code":3,"message":"malformed \"protobuf\" at byte 7","details":[)"
            R"({"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[)"
            R"({"field":"resource_spans","description":"malformed \"protobuf\" at byte 7"}]}]})");
}

TEST(StatusBodyTest, CarriesTheDelayOfARetry) {
  RpcStatus status;
  status.code = RpcCode::Unavailable;
  status.message = "starting";
  status.retry_delay = std::chrono::milliseconds(1'250);
  oracle::RpcStatus read;
  ASSERT_TRUE(read.ParseFromString(status_body(status, WireForm::Protobuf)));
  oracle::RetryInfo retry_info;
  ASSERT_TRUE(retry_info.ParseFromString(read.details(0).value()));
  EXPECT_EQ(retry_info.retry_delay().seconds(), 1);
  EXPECT_EQ(retry_info.retry_delay().nanos(), 250'000'000);
  EXPECT_EQ(status_body(status, WireForm::Json),
            R"({"code":14,"message":"starting","details":[)"
            R"({"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1.250s"}]})");
}

TEST(StatusBodyTest, RefusesWhatIsOverALimitAsExhausted) {
  EXPECT_EQ(status_of_unreadable(ErrorCode::LimitExceeded, "too many").code,
            RpcCode::ResourceExhausted);
}

}  // namespace
}  // namespace betrace::otlp
