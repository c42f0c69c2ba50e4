// Goal: every call is answered as gRPC says: one message in, one message or one status out; each
// mistake of framing, each limit and each refusal has its status, and none takes the connection.
// Method: the session and a client of libnghttp2, joined in memory.
#include "betrace/http/call_session.h"

#include <gtest/gtest.h>

#include <new>
#include <optional>
#include <string>
#include <vector>

#include "betrace/http/gzip.h"
#include "betrace/http/test_call_pair.h"

namespace betrace::http {
namespace {

constexpr char kEcho[] = "/test/Echo";
constexpr std::size_t kMessageMax = 100'000;

CallListenerOptions small_messages() {
  CallListenerOptions options;
  options.limits.message_bytes_max = kMessageMax;
  return options;
}

std::string noise(std::size_t bytes) {
  std::string text(bytes, '\0');
  std::uint32_t state = 1;
  for (char& c : text) c = static_cast<char>((state = state * 1'664'525 + 1'013'904'223) >> 24);
  return text;
}

TEST(CallSessionTest, AnswersACallWithOneMessageAndItsStatus) {
  CallPair pair;
  const CallAnswer& answer = pair.call(kEcho, "hello");
  EXPECT_EQ(answer.field(":status"), "200");
  EXPECT_EQ(answer.field("content-type"), "application/grpc");
  EXPECT_EQ(answer.body, message_frame("hello"));
  EXPECT_EQ(answer.heads, 2) << "a head and trailers";
  EXPECT_EQ(answer.status(), "0");
  EXPECT_EQ(answer.field("grpc-message"), "");
  EXPECT_TRUE(answer.is_closed);
  EXPECT_EQ(answer.error, 0u);
  EXPECT_EQ(pair.observer.told["call Echo OK"], 1);
  EXPECT_EQ(pair.session->calls(), 0u);
}

TEST(CallSessionTest, AnswersAnEmptyMessageAndAnEmptyReply) {
  CallPair pair;
  const CallAnswer& answer = pair.call(kEcho, "");
  EXPECT_EQ(answer.body, std::string(5, '\0'));
  EXPECT_EQ(answer.status(), "0");
}

TEST(CallSessionTest, TellsItsLimitsToTheClient) {
  CallPair pair;
  pair.run();
  EXPECT_EQ(pair.client.setting(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS), 100u);
  EXPECT_EQ(pair.client.setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE), 64u * 1024);
  EXPECT_EQ(pair.client.setting(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE), 16u * 1024);
  EXPECT_EQ(pair.client.setting(NGHTTP2_SETTINGS_HEADER_TABLE_SIZE), 4096u);
  EXPECT_EQ(pair.client.setting(NGHTTP2_SETTINGS_MAX_FRAME_SIZE), 64u * 1024);
  EXPECT_EQ(pair.client.setting(NGHTTP2_SETTINGS_ENABLE_PUSH), 0u);
  EXPECT_EQ(pair.client.connection_credit(), 1024 * 1024);
}

TEST(CallSessionTest, AnswersManyCallsAtOnceInOneConnection) {
  CallPair pair;
  std::vector<std::int32_t> streams;
  for (int index = 0; index < 100; ++index) {
    streams.push_back(pair.client.call(kEcho, std::to_string(index)));
  }
  pair.run();
  for (int index = 0; index < 100; ++index) {
    EXPECT_EQ(pair.client.answer(streams[static_cast<std::size_t>(index)]).message(),
              std::to_string(index));
  }
  for (int index = 0; index < 1'000; ++index) ASSERT_EQ(pair.call(kEcho, "x").status(), "0");
  EXPECT_EQ(pair.observer.told["call Echo OK"], 1'100);
}

TEST(CallSessionTest, TakesAMessageByteByByte) {
  CallPair pair;
  const std::int32_t stream = pair.client.begin(call_fields(kEcho), "", false);
  const std::string frame = message_frame("slow");
  for (std::size_t index = 0; index < frame.size(); ++index) {
    pair.client.more(stream, frame.substr(index, 1), false);
    pair.run();
    EXPECT_EQ(pair.client.answer(stream).heads, 0) << "the call has not ended";
  }
  pair.client.more(stream, "", true);
  pair.run();
  EXPECT_EQ(pair.client.answer(stream).message(), "slow");
}

TEST(CallSessionTest, AnswersUnknownMethodsWithATrailerOnly) {
  CallPair pair;
  for (const char* path : {"/test/Other", "/test/Echo/", "/test/echo", "/", "/test/Echo?x=1",
                           "/opentelemetry.proto.collector.logs.v1.LogsService/Export"}) {
    const CallAnswer& answer = pair.call(path, "x");
    EXPECT_EQ(answer.field(":status"), "200") << path;
    EXPECT_EQ(answer.status(), "12") << path;
    EXPECT_EQ(answer.heads, 1) << path;
  }
  EXPECT_EQ(pair.observer.told["call other UNIMPLEMENTED"], 6);
}

TEST(CallSessionTest, AnswersWhatIsNoCallInTheWordsOfHttp) {
  CallPair pair;
  EXPECT_EQ(pair.call(kEcho, "x", {{"content-type", "text/plain"}}).field(":status"), "415");
  const CallAnswer& get = pair.call(kEcho, "x", {{":method", "GET"}});
  EXPECT_EQ(get.field(":status"), "405");
  const CallAnswer& deflated = pair.call(kEcho, "x", {{"grpc-encoding", "deflate"}});
  EXPECT_EQ(deflated.status(), "12");
  EXPECT_EQ(deflated.field("grpc-accept-encoding"), "identity,gzip");
  EXPECT_EQ(pair.call(kEcho, "still served").status(), "0");
}

TEST(CallSessionTest, WantsExactlyOneWellFormedMessage) {
  struct Case {
    const char* what;
    std::string body;
  };
  const std::vector<Case> cases = {
      {"no message", ""},
      {"half a prefix", std::string("\0\0\0", 3)},
      {"a message that ends early", message_frame("hello").substr(0, 8)},
      {"a prefix alone", message_frame("hello").substr(0, 5)},
      {"two messages", message_frame("a") + message_frame("b")},
      {"a byte too many", message_frame("a") + "b"},
      {"an unknown flag", "\2" + message_frame("a").substr(1)},
      {"a compressed message without encoding", message_frame(gzip("a"), true)},
  };
  for (const Case& each : cases) {
    CallPair pair;
    const std::int32_t stream = pair.client.begin(call_fields(kEcho), each.body);
    pair.run();
    EXPECT_EQ(pair.client.answer(stream).status(), "13") << each.what;
    EXPECT_EQ(pair.handled, 0) << each.what;
    EXPECT_EQ(pair.observer.told["limit malformed"], 1) << each.what;
    EXPECT_EQ(pair.call(kEcho, "next").status(), "0") << each.what;
  }
}

TEST(CallSessionTest, TakesGzipAndPlainMessagesOfAGzippedCall) {
  CallPair pair;
  const CallFields gzipped = {{"grpc-encoding", "gzip"}};
  const std::string text(50'000, 'x');
  const std::int32_t packed =
      pair.client.begin(call_fields(kEcho, gzipped), message_frame(gzip(text), true));
  const std::int32_t plain = pair.client.begin(call_fields(kEcho, gzipped), message_frame("plain"));
  pair.run();
  EXPECT_EQ(pair.client.answer(packed).message().substr(0, 10), "xxxxxxxxxx");
  EXPECT_EQ(pair.client.answer(plain).message(), "plain");
  const std::vector<std::uint64_t> asked = {gzip(text).size(), text.size(), 5};
  EXPECT_EQ(pair.asked, asked) << "for what is sent, and again for what it becomes";
}

TEST(CallSessionTest, RefusesDamagedGzip) {
  for (const std::string& body :
       {std::string("no gzip"), gzip("text").substr(0, 15), gzip("text") + "more", std::string()}) {
    CallPair pair;
    const std::int32_t stream = pair.client.begin(call_fields(kEcho, {{"grpc-encoding", "gzip"}}),
                                                  message_frame(body, true));
    pair.run();
    EXPECT_EQ(pair.client.answer(stream).status(), "3") << body.size();
    EXPECT_EQ(pair.observer.told["limit malformed"], 1);
  }
}

TEST(CallSessionTest, LimitsAMessageBeforeItIsBuffered) {
  CallPair pair(small_messages());
  EXPECT_EQ(pair.call(kEcho, noise(kMessageMax - 1)).status(), "0");
  EXPECT_EQ(pair.call(kEcho, noise(kMessageMax)).status(), "0");
  const std::int32_t stream = pair.client.begin(
      call_fields(kEcho), message_frame(noise(kMessageMax + 1)).substr(0, 5), false);
  pair.run();
  const CallAnswer& refused = pair.client.answer(stream);
  EXPECT_EQ(refused.status(), "8") << "as soon as the length is known";
  EXPECT_EQ(refused.field("grpc-status-details-bin"), "") << "it would fail again";
  EXPECT_TRUE(refused.is_closed) << "the rest is not wanted";
  EXPECT_EQ(refused.error, 0u);
  EXPECT_EQ(pair.observer.told["limit grpc_message"], 1);
  EXPECT_EQ(pair.call(kEcho, noise(kMessageMax + 1)).status(), "8");
  EXPECT_EQ(pair.handled, 2);
}

TEST(CallSessionTest, LimitsAMessageAgainAfterInflation) {
  CallPair pair(small_messages());
  const CallFields gzipped = {{"grpc-encoding", "gzip"}};
  const auto send = [&](std::size_t bytes) {
    const std::int32_t stream = pair.client.begin(
        call_fields(kEcho, gzipped), message_frame(gzip(std::string(bytes, 'x')), true));
    pair.run();
    return pair.client.answer(stream).status();
  };
  EXPECT_EQ(send(kMessageMax - 1), "0");
  EXPECT_EQ(send(kMessageMax), "0");
  EXPECT_EQ(send(kMessageMax + 1), "8");
  EXPECT_EQ(send(64 * kMessageMax), "8");
  EXPECT_EQ(pair.observer.told["limit grpc_message"], 2);
}

TEST(CallSessionTest, StopsABombAtItsRatio) {
  CallPair pair;
  const std::string bomb = gzip(std::string(3 * 1024 * 1024, '\0'), 9);
  ASSERT_LT(bomb.size(), 4'000u);
  const std::int32_t stream =
      pair.client.begin(call_fields(kEcho, {{"grpc-encoding", "gzip"}}), message_frame(bomb, true));
  pair.run();
  EXPECT_EQ(pair.client.answer(stream).status(), "8");
  EXPECT_EQ(pair.observer.told["limit inflate_ratio"], 1);
  EXPECT_LT(pair.bodies.bytes(), 4u * 1024 * 1024);
}

TEST(CallSessionTest, LimitsTheHeadOfACall) {
  ServerLimits limits;
  limits.headers = 20;
  limits.header_bytes = 2'000;
  limits.line_bytes = 1'000;
  const auto head_bytes = [](const CallFields& fields) {
    std::size_t bytes = 0;
    for (const auto& [name, value] : fields) bytes += name.size() + value.size() + 32;
    return bytes;
  };
  const auto status_of_head = [&](const CallFields& fields, const char* limit) {
    CallPair pair({}, limits);
    const std::int32_t stream = pair.client.begin(fields, message_frame("x"));
    pair.run();
    const CallAnswer& answer = pair.client.answer(stream);
    EXPECT_EQ(pair.observer.told[std::string("limit ") + limit], answer.status() == "0" ? 0 : 1);
    return answer.field(":status") + " " + answer.status();
  };
  CallFields many;
  for (int index = 6; index < 20; ++index) many.emplace_back("x" + std::to_string(index), "1");
  EXPECT_EQ(status_of_head(call_fields(kEcho, many), "headers"), "200 0");
  many.emplace_back("x20", "1");
  EXPECT_EQ(status_of_head(call_fields(kEcho, many), "headers"), "431 8");

  EXPECT_EQ(status_of_head(call_fields(kEcho, {{"x", std::string(999, 'v')}}), "line_bytes"),
            "200 0");
  EXPECT_EQ(status_of_head(call_fields(kEcho, {{"x", std::string(1'000, 'v')}}), "line_bytes"),
            "431 8");

  CallFields large = {{"x", std::string(900, 'v')}, {"y", ""}};
  const std::size_t used = head_bytes(call_fields(kEcho, large));
  large[1].second = std::string(limits.header_bytes - used, 'v');
  EXPECT_EQ(status_of_head(call_fields(kEcho, large), "header_bytes"), "200 0");
  large[1].second += 'v';
  EXPECT_EQ(status_of_head(call_fields(kEcho, large), "header_bytes"), "431 8");
}

TEST(CallSessionTest, RefusesBeforeBufferingWhenTheMethodIsNotAdmitted) {
  CallPair pair;
  pair.refusal = CallStatus{RpcCode::Unavailable, "later", "details"};
  const std::int32_t stream =
      pair.client.begin(call_fields(kEcho), message_frame(noise(1'000)).substr(0, 5), false);
  pair.run();
  const CallAnswer& answer = pair.client.answer(stream);
  EXPECT_EQ(answer.status(), "14");
  EXPECT_EQ(answer.field("grpc-message"), "later");
  EXPECT_EQ(answer.field("grpc-status-details-bin"), "ZGV0YWlscw");
  EXPECT_EQ(answer.heads, 1);
  EXPECT_TRUE(answer.is_closed);
  EXPECT_EQ(pair.asked, std::vector<std::uint64_t>{1'000});
  pair.refusal.reset();
  EXPECT_EQ(pair.call(kEcho, "x").status(), "0");
}

TEST(CallSessionTest, LetsTheAuthorizationRefuseAKnownMethod) {
  CallListenerOptions options;
  options.authorize = [](CallHead& head, const CallMethod& method) -> std::optional<CallStatus> {
    if (method.role == Role::Public || head.metadata.contains("x-api-key")) return std::nullopt;
    return CallStatus{RpcCode::Unauthenticated, "no key", ""};
  };
  CallPair pair(options);
  EXPECT_EQ(pair.call(kEcho, "x").status(), "16");
  EXPECT_EQ(pair.call(kEcho, "x", {{"x-api-key", "k"}}).status(), "0");
  EXPECT_EQ(pair.call("/test/Other", "x").status(), "12");
  EXPECT_TRUE(pair.asked.size() == 1) << "a refused call is not admitted";
  EXPECT_EQ(pair.observer.told["denied /test/Echo UNAUTHENTICATED 127.0.0.1"], 1);
}

TEST(CallSessionTest, AnswersADefectOfTheHandler) {
  CallPair pair;
  EXPECT_EQ(pair.call("/test/Throw", "x").status(), "13");
  EXPECT_EQ(pair.observer.told["failed /test/Throw on purpose"], 1);
  EXPECT_EQ(pair.call(kEcho, "x").status(), "0");
}

TEST(CallSessionTest, EndsInOrderWhenAHookThrows) {
  CallListenerOptions options;
  options.authorize = [](CallHead&, const CallMethod&) -> std::optional<CallStatus> {
    throw std::bad_alloc();
  };
  CallPair pair(options);
  const std::int32_t stream = pair.client.call(kEcho, "x");
  pair.run();
  EXPECT_TRUE(pair.session->is_finished());
  EXPECT_EQ(pair.client.goaway, std::uint32_t{NGHTTP2_INTERNAL_ERROR});
  EXPECT_EQ(pair.client.answer(stream).heads, 0);
  EXPECT_EQ(pair.observer.told["abuse protocol"], 0) << "it was not the peer";
}

TEST(CallSessionTest, RefusesRetryablyWhenMemoryForMessagesIsSpent) {
  CallListenerOptions options;
  options.retry_later = [](std::string_view message) {
    return CallStatus{RpcCode::Unavailable, std::string(message), "again"};
  };
  ServerLimits limits;
  limits.bodies_bytes = 40'000;
  CallPair pair(options, limits);
  const CallAnswer& refused = pair.call(kEcho, noise(60'000));
  EXPECT_EQ(refused.status(), "14");
  EXPECT_EQ(refused.field("grpc-status-details-bin"), "YWdhaW4");
  EXPECT_EQ(pair.observer.told["limit bodies_bytes"], 1);
  EXPECT_EQ(pair.call(kEcho, noise(10'000)).status(), "0");
}

TEST(CallSessionTest, CountsACallThatIsGivenUp) {
  CallPair pair;
  const std::int32_t stream =
      pair.client.begin(call_fields(kEcho), message_frame("x").substr(0, 3), false);
  pair.run();
  EXPECT_EQ(pair.session->calls(), 1u);
  pair.client.reset(stream);
  pair.run();
  EXPECT_EQ(pair.session->calls(), 0u);
  EXPECT_EQ(pair.observer.told["call Echo CANCELLED"], 1);
  EXPECT_EQ(pair.handled, 0);
}

TEST(CallSessionTest, GivesAllCreditBackHoweverACallEnds) {
  CallPair pair(small_messages());
  for (int round = 0; round < 50; ++round) {
    pair.call(kEcho, noise(90'000));
    pair.call("/test/Other", noise(90'000));
    pair.call(kEcho, noise(kMessageMax + 1));
    const std::int32_t stream = pair.client.begin(
        call_fields(kEcho), message_frame(noise(90'000)).substr(0, 70'000), false);
    pair.run();
    pair.client.reset(stream);
    pair.run();
  }
  EXPECT_EQ(pair.service->credit.lent(), 0u);
  EXPECT_EQ(pair.call(kEcho, noise(90'000)).status(), "0");
  EXPECT_GT(pair.client.connection_credit(), 512 * 1024);
}

}  // namespace
}  // namespace betrace::http
