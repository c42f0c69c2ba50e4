// Goal: an exporter understands what any receiver answers.
// Method: what export_response writes is read back; odd bytes are written by hand.
#include "betrace/otlp/export_reply.h"

#include <gtest/gtest.h>

#include <chrono>

#include "betrace/otlp/wire_writer.h"

namespace betrace::otlp {
namespace {

using std::chrono::milliseconds;

TEST(ExportReplyTest, AnEmptyBodyIsSuccess) {
  const auto partial = read_export_response("");
  ASSERT_TRUE(partial.has_value());
  EXPECT_EQ(partial->rejected_spans, 0U);
  EXPECT_EQ(partial->message, "");
}

TEST(ExportReplyTest, ReadsAPartialSuccess) {
  WireWriter writer;
  writer.message_field(1, [&] {
    writer.varint_field(1, 300);
    writer.bytes_field(2, "too long");
    writer.varint_field(9, 1);  // of a later version
  });
  const auto partial = read_export_response(writer.bytes());
  ASSERT_TRUE(partial.has_value());
  EXPECT_EQ(partial->rejected_spans, 300U);
  EXPECT_EQ(partial->message, "too long");
}

TEST(ExportReplyTest, ANegativeCountIsNone) {
  WireWriter writer;
  writer.message_field(1, [&] { writer.varint_field(1, ~std::uint64_t{0}); });
  EXPECT_EQ(read_export_response(writer.bytes()).value().rejected_spans, 0U);
}

TEST(ExportReplyTest, BytesThatAreNoMessageAreAnError) {
  EXPECT_EQ(read_export_response("<html>").error().code, ErrorCode::Corrupt);
  EXPECT_EQ(read_status("<html>").error().code, ErrorCode::Corrupt);
}

TEST(ExportReplyTest, ReadsAStatusWithItsDelay) {
  for (const milliseconds delay : {milliseconds(0), milliseconds(250), milliseconds(7'001)}) {
    RpcStatus written{RpcCode::Unavailable, "later", {{"spans", "too many"}}, delay};
    const auto read = read_status(status_body(written, WireForm::Protobuf));
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->code, RpcCode::Unavailable);
    EXPECT_EQ(read->message, "later");
    EXPECT_EQ(read->retry_delay, delay);
  }
}

TEST(ExportReplyTest, AStatusNeedHaveNoDelay) {
  const RpcStatus written{RpcCode::InvalidArgument, "no", {{"spans", "wrong"}}, {}};
  const auto read = read_status(status_body(written, WireForm::Protobuf));
  EXPECT_EQ(read.value().retry_delay, std::nullopt);
}

}  // namespace
}  // namespace betrace::otlp
