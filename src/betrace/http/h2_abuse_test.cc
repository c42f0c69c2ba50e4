// Goal: frames that cost us more than their sender end the connection with ENHANCE_YOUR_CALM, at
// their limit and not before it; what decent clients do never does.
// Method: as in call_session_test.cc, with frames made by hand.
#include "betrace/http/h2_abuse.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

#include "betrace/http/test_call_pair.h"

namespace betrace::http {
namespace {

using namespace std::chrono_literals;

constexpr char kEchoCall[] = "/test/Echo";

/// `POST /test/Echo` of a gRPC call, without Huffman coding and dynamic table.
std::string head_block() {
  const auto literal = [](std::string_view name, std::string_view value) {
    std::string field("\0", 1);
    field += static_cast<char>(name.size());
    field += name;
    field += static_cast<char>(value.size());
    return field.append(value);
  };
  return "\x83\x86" + literal(":path", kEchoCall) + literal(":authority", "t") +
         literal("content-type", "application/grpc");
}

/// Its client makes the connection, and hears nothing of what we then send by hand.
struct RawPair : CallPair {
  RawPair() { run(); }

  void send(std::string_view frames) {
    session->receive(frames, now);
    std::string output;
    while (session->take_output(&output, 64 * 1024)) last_output = std::exchange(output, {});
  }
  /// Sends the frame until the connection ends; returns how many that took, or -1.
  int frames_until_end(const std::string& frame, int count_max) {
    for (int count = 1; count <= count_max; ++count) {
      send(frame);
      if (session->is_finished()) return count;
    }
    return -1;
  }
  void expect_calm(const std::string& kind) {
    EXPECT_TRUE(session->is_finished());
    EXPECT_EQ(observer.told["abuse " + kind], 1) << kind;
    // 17 bytes: type 7, no flags, stream 0, the last stream, and the error.
    ASSERT_GE(last_output.size(), 17u);
    const std::string goaway = last_output.substr(last_output.size() - 17);
    EXPECT_EQ(goaway.substr(0, 5), std::string("\0\0\x08\x07\0", 5)) << kind;
    EXPECT_EQ(goaway.back(), char{NGHTTP2_ENHANCE_YOUR_CALM}) << kind;
  }

  std::string last_output;
};

TEST(H2AbuseTest, EndsRapidResets) {
  RawPair pair;
  int resets = 0;
  while (!pair.session->is_finished() && resets < 1'000) {
    const auto stream = static_cast<std::uint32_t>(2 * resets + 1);
    pair.send(raw_frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, stream, head_block()) +
              raw_frame(NGHTTP2_RST_STREAM, 0, stream, std::string("\0\0\0\x08", 4)));
    ++resets;
  }
  EXPECT_EQ(resets, 201);
  pair.expect_calm("reset");
}

TEST(H2AbuseTest, ForgivesResetsThatComeSlowly) {
  RawPair pair;
  for (int index = 0; index < 1'000; ++index) {
    const std::int32_t stream = pair.client.begin(call_fields(kEchoCall), "", false);
    pair.run();
    pair.client.reset(stream);
    pair.run_after(50ms);
  }
  EXPECT_FALSE(pair.session->is_finished());
}

TEST(H2AbuseTest, EndsAHeadInTooManyFrames) {
  RawPair pair;
  pair.send(raw_frame(NGHTTP2_HEADERS, 0, 1, head_block()));
  const int frames = pair.frames_until_end(raw_frame(NGHTTP2_CONTINUATION, 0, 1, ""), 1'000);
  EXPECT_EQ(frames, 33);
  pair.expect_calm("continuation");
}

TEST(H2AbuseTest, EndsAHeadThatIsManyTimesTooLarge) {
  RawPair pair;
  // One field of 4,000 bytes goes to the dynamic table, and then each byte is that field again.
  std::string block = head_block() + "\x40\x01x\x7f\xa1\x1e" + std::string(4'000, 'v');
  pair.send(
      raw_frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, block + std::string(10'000, '\xbe')));
  pair.expect_calm("head_bytes");
}

TEST(H2AbuseTest, EndsPingsThatComeTooOften) {
  RawPair pair;
  EXPECT_EQ(pair.frames_until_end(raw_frame(NGHTTP2_PING, 0, 0, "12345678"), 100), 4)
      << "one, and three too early";
  pair.expect_calm("ping");
}

TEST(H2AbuseTest, AnswersPingsThatComeEveryTenSeconds) {
  RawPair pair;
  for (int index = 0; index < 100; ++index) {
    pair.client.ping();
    pair.run();
    pair.now += 10s;
  }
  EXPECT_EQ(pair.client.pings_acknowledged, 100u);
  EXPECT_FALSE(pair.session->is_finished());
}

TEST(H2AbuseTest, AnswersPingsThatMeasureBetweenReplies) {
  RawPair pair;
  for (int index = 0; index < 500; ++index) {
    pair.client.ping();
    ASSERT_EQ(pair.call(kEchoCall, "x").status(), "0") << index;
  }
}

TEST(H2AbuseTest, EndsEmptyData) {
  RawPair pair;
  pair.client.begin(call_fields(kEchoCall), "", false);
  pair.run();
  EXPECT_EQ(pair.frames_until_end(raw_frame(NGHTTP2_DATA, 0, 1, ""), 1'000), 101);
  pair.expect_calm("empty_data");
}

TEST(H2AbuseTest, EndsFloodsOfSettingsAndOfOtherFrames) {
  RawPair settings;
  EXPECT_EQ(settings.frames_until_end(raw_frame(NGHTTP2_SETTINGS, 0, 0, ""), 1'000), 19)
      << "one came with the preface, and an acknowledgement";
  settings.expect_calm("settings");
  RawPair updates;
  const std::string update = raw_frame(NGHTTP2_WINDOW_UPDATE, 0, 0, std::string("\0\0\0\1", 4));
  EXPECT_EQ(updates.frames_until_end(update, 10'000), 2'001);
  updates.expect_calm("control");
}

TEST(H2AbuseTest, EndsFramesThatWantAnswersNobodyFetches) {
  RawPair pair;
  std::string frames;
  for (int index = 0; index < 15; ++index) frames += raw_frame(NGHTTP2_SETTINGS, 0, 0, "");
  for (int round = 0; round < 20 && !pair.session->is_finished(); ++round) {
    pair.session->receive(frames, pair.now += 20s);
    if (pair.observer.told["abuse acknowledgement"] > 0) break;
  }
  pair.send("");
  pair.expect_calm("acknowledgement");
}

TEST(H2AbuseTest, ClosesWhatDoesNotSpeakHttp2) {
  for (const char* text : {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "\x16\x03\x01\x02\x00\x01",
                           "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"}) {
    CallPair pair;
    pair.session->receive(std::string(text) + std::string(30, '\0'), pair.now);
    std::string output;
    pair.session->take_output(&output, 1'000);
    EXPECT_EQ(output, "") << "it would not be understood";
    EXPECT_TRUE(pair.session->is_finished());
    EXPECT_EQ(pair.observer.told["abuse preface"], 1);
  }
}

TEST(H2AbuseTest, TellsOfFramesThatBreakTheProtocol) {
  RawPair pair;
  pair.send_raw(raw_frame(NGHTTP2_DATA, 0, 7, "data of a stream that never was"));
  EXPECT_TRUE(pair.session->is_finished());
  EXPECT_EQ(pair.client.goaway, std::uint32_t{NGHTTP2_PROTOCOL_ERROR});
  EXPECT_EQ(pair.observer.told["abuse protocol"], 1);
}

TEST(H2AbuseTest, EndsMoreCallsAtOnceThanItAllows) {
  RawPair pair;
  for (std::uint32_t index = 0; index < 100; ++index) {
    pair.send(raw_frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 2 * index + 1, head_block()));
  }
  EXPECT_EQ(pair.session->calls(), 100u);
  EXPECT_FALSE(pair.session->is_finished());
  pair.send(raw_frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 201, head_block()));
  EXPECT_TRUE(pair.session->is_finished());
  EXPECT_EQ(pair.observer.told["abuse protocol"], 1);
}

TEST(FrameAllowanceTest, ComesBackWithTimeUpToItsBurst) {
  FrameAllowance allowance(2, 1);
  MonotonicTime now{1h};
  EXPECT_TRUE(allowance.spend(now));
  EXPECT_TRUE(allowance.spend(now));
  EXPECT_FALSE(allowance.spend(now));
  EXPECT_FALSE(allowance.spend(now += 500ms));
  EXPECT_TRUE(allowance.spend(now += 500ms));
  EXPECT_FALSE(allowance.spend(now));
  now += 1h;
  EXPECT_TRUE(allowance.spend(now));
  EXPECT_TRUE(allowance.spend(now));
  EXPECT_FALSE(allowance.spend(now)) << "no more than the burst";
}

}  // namespace
}  // namespace betrace::http
