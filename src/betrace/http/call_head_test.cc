// Goal: the head of a call is read as gRPC says, and each wrong one gets its own refusal.
#include "betrace/http/call_head.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "betrace/http/call_status.h"
#include "betrace/http/message_frame.h"

namespace betrace::http {
namespace {

using namespace std::chrono_literals;

CallHead head_with(std::string_view name, std::string_view value) {
  CallHead head;
  head.add(":method", name == ":method" ? value : "POST");
  head.add(":path", "/a.B/C");
  head.add("content-type", name == "content-type" ? value : "application/grpc");
  if (name != ":method" && name != "content-type") head.add(name, value);
  return head;
}

TEST(CallTimeoutTest, ReadsEveryUnit) {
  EXPECT_EQ(parse_call_timeout("1H"), 1h);
  EXPECT_EQ(parse_call_timeout("2M"), 2min);
  EXPECT_EQ(parse_call_timeout("3S"), 3s);
  EXPECT_EQ(parse_call_timeout("4m"), 4ms);
  EXPECT_EQ(parse_call_timeout("5u"), 5us);
  EXPECT_EQ(parse_call_timeout("00000006n"), 6ns);
  EXPECT_EQ(parse_call_timeout("0S"), 0s);
  EXPECT_EQ(parse_call_timeout("99999999H"), kCallTimeoutMax) << "and does not overflow";
}

TEST(CallTimeoutTest, RefusesWhatIsNoTimeout) {
  for (const char* text : {"", "S", "1", "1s", "-1S", "1.5S", "123456789S", "1 S", "SS", "1SS"}) {
    EXPECT_EQ(parse_call_timeout(text), std::nullopt) << text;
  }
}

TEST(CallHeadTest, TakesTheTypesAndEncodingsOfGrpc) {
  for (const char* type : {"application/grpc", "application/grpc+proto", "Application/GRPC",
                           "application/grpc; charset=utf-8"}) {
    CallHead head = head_with("content-type", type);
    EXPECT_FALSE(read_call_head(head).has_value()) << type;
    EXPECT_FALSE(head.is_gzip);
  }
  CallHead identity = head_with("grpc-encoding", "identity");
  EXPECT_FALSE(read_call_head(identity).has_value());
  CallHead gzipped = head_with("grpc-encoding", "gzip");
  EXPECT_FALSE(read_call_head(gzipped).has_value());
  EXPECT_TRUE(gzipped.is_gzip);
  CallHead timed = head_with("grpc-timeout", "10S");
  EXPECT_FALSE(read_call_head(timed).has_value());
  EXPECT_EQ(timed.timeout, 10s);
}

TEST(CallHeadTest, SaysWhyAHeadIsNoneOfACall) {
  struct Case {
    const char* name;
    const char* value;
    RpcCode code;
    int http_status;
  };
  const std::vector<Case> cases = {
      {"content-type", "application/json", RpcCode::InvalidArgument, 415},
      {"content-type", "application/grpc+json", RpcCode::InvalidArgument, 415},
      {"content-type", "application/grpc-web", RpcCode::InvalidArgument, 415},
      {"content-type", "", RpcCode::InvalidArgument, 415},
      {":method", "GET", RpcCode::InvalidArgument, 405},
      {"grpc-timeout", "soon", RpcCode::InvalidArgument, 200},
      {"grpc-encoding", "deflate", RpcCode::Unimplemented, 200},
      {"grpc-encoding", "GZIP", RpcCode::Unimplemented, 200},
  };
  for (const Case& each : cases) {
    CallHead head = head_with(each.name, each.value);
    const auto refusal = read_call_head(head);
    ASSERT_TRUE(refusal.has_value()) << each.name << " " << each.value;
    EXPECT_EQ(refusal->status.code, each.code) << each.name << " " << each.value;
    EXPECT_EQ(refusal->http_status, each.http_status) << each.name << " " << each.value;
    EXPECT_EQ(refusal->names_encodings, each.code == RpcCode::Unimplemented);
  }
}

TEST(CallStatusTest, WritesMessagesSoThatATrailerCanHoldThem) {
  EXPECT_EQ(encode_call_message("plain text ~"), "plain text ~");
  EXPECT_EQ(encode_call_message("100%\n\xc3\xa4"), "100%25%0A%C3%A4");
  EXPECT_EQ(encode_call_message(std::string(kCallMessageBytesMax + 1, 'x')).size(),
            kCallMessageBytesMax);
  EXPECT_EQ(encode_call_bytes("a"), "YQ");
  EXPECT_EQ(encode_call_bytes("ab"), "YWI");
  EXPECT_EQ(encode_call_bytes("abc"), "YWJj");
}

TEST(CallStatusTest, NamesEveryCode) {
  EXPECT_EQ(name_of(RpcCode::Ok), "OK");
  EXPECT_EQ(name_of(RpcCode::Unimplemented), "UNIMPLEMENTED");
  EXPECT_EQ(name_of(RpcCode::Unauthenticated), "UNAUTHENTICATED");
}

TEST(MessageFrameTest, ReadsAPrefixInAnyPieces) {
  const std::string frame = message_frame("xxx", true);
  EXPECT_EQ(frame, std::string("\x01\0\0\0\x03xxx", 8));
  for (std::size_t cut = 0; cut <= frame.size(); ++cut) {
    MessagePrefixReader reader;
    std::string_view first = std::string_view(frame).substr(0, cut);
    std::string_view second = std::string_view(frame).substr(cut);
    EXPECT_EQ(reader.take(first), cut >= kMessagePrefixBytes);
    EXPECT_TRUE(reader.take(second));
    EXPECT_EQ(reader.flag(), 1);
    EXPECT_EQ(reader.length(), 3u);
    EXPECT_EQ(std::string(first) + std::string(second), "xxx") << "the message is left";
  }
  MessagePrefixReader large;
  std::string_view bytes("\0\xff\xfe\xfd\xfc", 5);
  ASSERT_TRUE(large.take(bytes));
  EXPECT_EQ(large.length(), 0xfffefdfcu);
}

}  // namespace
}  // namespace betrace::http
