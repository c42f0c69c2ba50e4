// Goal: what the session promises holds on real sockets and threads: calls, slow and stuck peers,
// shared limits, and an end that loses no call.
// Method: a real server on a free port, a client of libnghttp2 on a plain socket; time limits of
// some milliseconds, and nothing is awaited but the limit itself.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "betrace/http/raw_socket.h"
#include "betrace/http/test_call_client.h"
#include "betrace/http/test_server.h"

namespace betrace::http {
namespace {

using std::chrono::milliseconds;

constexpr char kEchoOverSocket[] = "/test/Echo";

struct CallServer {
  explicit CallServer(ServerLimits limits = {}, CallListenerOptions options = {})
      : server(limits, &observer, 1) {
    CallTable table;
    table.add(CallMethod{.path = kEchoOverSocket,
                         .label = "Echo",
                         .role = Role::Public,
                         .handler = [](const Call& call) {
                           return CallReply{{}, std::string(call.message)};
                         }});
    table.add(CallMethod{
        .path = "/test/Large", .label = "Large", .role = Role::Public, .handler = [](const Call&) {
          return CallReply{{}, std::string(64 * 1024 * 1024, 'x')};
        }});
    table.add(CallMethod{.path = "/test/Watch",
                         .label = "Watch",
                         .role = Role::Public,
                         .handler =
                             [this](const Call&) {
                               return CallReply{{}, std::to_string(state.load())};
                             },
                         .is_watch = true});
    port = server.listen_for_calls(std::move(options), std::move(table)).value();
    server.start();
  }

  RecordingObserver observer;
  std::atomic<int> state{1};
  std::uint16_t port = 0;
  Server server;
};

/// A client and its socket.
struct SocketClient {
  explicit SocketClient(std::uint16_t port) : socket(port) {}

  void send() { ASSERT_TRUE(socket.send(client.output())); }
  /// Moves bytes until `is_done` or the connection ends; returns whether it is done.
  template <typename Condition>
  bool run_until(Condition is_done) {
    while (!is_done()) {
      socket.send(client.output());
      const std::string bytes = socket.some();
      if (bytes.empty()) return is_done();
      client.receive(bytes);
    }
    socket.send(client.output());
    return true;
  }
  bool answered(std::int32_t stream) {
    return run_until([&] { return client.answer(stream).is_closed; });
  }
  std::string call(std::string_view message) {
    const std::int32_t stream = client.call(kEchoOverSocket, message);
    return answered(stream) ? client.answer(stream).status() : "none";
  }

  RawSocket socket;
  CallClient client;
};

TEST(CallServerTest, AnswersCallsSmallAndLarge) {
  CallServer server;
  SocketClient client(server.port);
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{10}, std::size_t{1'000'000}}) {
    const std::int32_t stream = client.client.call(kEchoOverSocket, std::string(bytes, 'x'));
    ASSERT_TRUE(client.answered(stream));
    EXPECT_EQ(client.client.answer(stream).status(), "0");
    EXPECT_EQ(client.client.answer(stream).message().size(), bytes);
  }
}

TEST(CallServerTest, ServesManyConnectionsOnItsThreads) {
  CallListenerOptions options;
  options.threads = 2;
  CallServer server({}, options);
  std::vector<std::thread> threads;
  std::atomic<int> answered{0};
  for (int index = 0; index < 8; ++index) {
    threads.emplace_back([&] {
      SocketClient client(server.port);
      for (int call = 0; call < 50; ++call) answered += client.call("x") == "0" ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answered, 400);
}

TEST(CallServerTest, TellsAWatchOfAChangeWhileItIsSilent) {
  CallListenerOptions options;
  options.limits.watch_interval = milliseconds(5);
  CallServer server({}, options);
  SocketClient client(server.port);
  const std::int32_t stream = client.client.call("/test/Watch", "");
  const auto shows = [&](const std::string& body) {
    return client.run_until([&] { return client.client.answer(stream).body == body; });
  };
  ASSERT_TRUE(shows(message_frame("1")));
  server.state = 2;
  EXPECT_TRUE(shows(message_frame("1") + message_frame("2")));
}

TEST(CallServerTest, ClosesAPeerThatDoesNotBegin) {
  ServerLimits limits;
  limits.header_time = milliseconds(30);
  CallServer server(limits);
  RawSocket silent(server.port);
  EXPECT_NE(silent.some(), "") << "our settings come at once";
  EXPECT_TRUE(silent.ended());
  EXPECT_TRUE(server.observer.saw("timeout header"));
}

TEST(CallServerTest, AnswersASlowMessageAndServesOn) {
  ServerLimits limits;
  limits.body_time = milliseconds(30);
  CallServer server(limits);
  SocketClient client(server.port);
  const std::int32_t slow =
      client.client.begin(call_fields(kEchoOverSocket), message_frame("x").substr(0, 3), false);
  ASSERT_TRUE(client.answered(slow));
  EXPECT_EQ(client.client.answer(slow).status(), "4");
  EXPECT_TRUE(server.observer.saw("timeout body"));
  EXPECT_EQ(client.call("x"), "0");
}

TEST(CallServerTest, CutsAPeerThatDoesNotTakeItsReplies) {
  ServerLimits limits;
  limits.body_time = milliseconds(100);
  limits.min_rate = 1'000'000'000;
  limits.rate_grace = milliseconds(10'000);
  CallServer server(limits);
  SocketClient client(server.port);
  client.client.widen(0, 1'000'000'000);
  client.client.widen(client.client.call("/test/Large", ""), 1'000'000'000);
  client.send();  // and then it reads nothing
  EXPECT_TRUE(server.observer.saw("timeout write"));
}

TEST(CallServerTest, ClosesWhatSpeaksHttp1) {
  CallServer server;
  RawSocket client(server.port);
  ASSERT_TRUE(client.send("GET /v1/traces HTTP/1.1\r\nHost: a\r\n\r\n"));
  client.rest();
  EXPECT_TRUE(server.observer.saw("abuse preface"));
}

TEST(CallServerTest, SendsAGoawayBeforeItClosesOnAnAbuser) {
  CallServer server;
  SocketClient client(server.port);
  EXPECT_EQ(client.call("x"), "0");
  std::string pings;
  for (int index = 0; index < 10; ++index) pings += raw_frame(NGHTTP2_PING, 0, 0, "12345678");
  ASSERT_TRUE(client.socket.send(pings));
  client.client.receive(client.socket.rest());
  EXPECT_EQ(client.client.goaway, std::uint32_t{NGHTTP2_ENHANCE_YOUR_CALM});
  EXPECT_TRUE(server.observer.saw("abuse ping"));
}

TEST(CallServerTest, CountsItsConnectionsWithThoseOfHttp1) {
  ServerLimits limits;
  limits.connections = 2;
  RecordingObserver observer;
  Server server(limits, &observer, 1);
  RouteTable routes;
  routes.add(
      TestServer::get("/text", RunOn::Inline, [](const Request&) { return std::string("text"); }));
  const std::uint16_t http_port = server.listen({}, std::move(routes)).value();
  const std::uint16_t call_port = server.listen_for_calls({}, {}).value();
  server.start();
  RawSocket http(http_port);
  ASSERT_TRUE(http.send("GET /text HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_EQ(status_of(http.reply()), 200);
  RawSocket calls(call_port);
  EXPECT_NE(calls.some(), "");
  RawSocket third(call_port);
  EXPECT_TRUE(third.ended());
  EXPECT_TRUE(observer.saw("refused connections"));
}

TEST(CallServerTest, FinishesACallInFlightWhenItStops) {
  CallServer server;
  SocketClient client(server.port);
  const std::string frame = message_frame("in flight");
  const std::int32_t stream =
      client.client.begin(call_fields(kEchoOverSocket), frame.substr(0, 7), false);
  // An answered call behind it says that the beginning has arrived.
  EXPECT_EQ(client.call("x"), "0");
  std::thread stopper([&] { server.server.stop(std::chrono::seconds(20)); });
  EXPECT_TRUE(client.run_until([&] { return client.client.last_streams.size() == 2; }));
  client.client.more(stream, frame.substr(7), true);
  EXPECT_TRUE(client.answered(stream));
  EXPECT_EQ(client.client.answer(stream).message(), "in flight");
  client.socket.close();
  stopper.join();
  EXPECT_EQ(server.server.connections(), 0u);
}

TEST(CallServerTest, CutsACallThatOutlastsTheGrace) {
  CallServer server;
  SocketClient client(server.port);
  const std::int32_t stream = client.client.begin(call_fields(kEchoOverSocket), "", false);
  EXPECT_EQ(client.call("x"), "0");
  server.server.stop(milliseconds(1));
  EXPECT_EQ(server.server.connections(), 0u);
  EXPECT_FALSE(client.answered(stream)) << "the connection ended";
}

}  // namespace
}  // namespace betrace::http
