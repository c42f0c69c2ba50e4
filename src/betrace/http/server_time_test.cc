// Goal: a client that is too slow cannot hold a connection, and is told so where it can be.
// Method: time limits of some milliseconds; nothing is awaited but the limit itself.
#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "betrace/http/raw_socket.h"
#include "betrace/http/test_server.h"

namespace betrace::http {
namespace {

using std::chrono::milliseconds;

const char kHead[] =
    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\n";

TEST(ServerTimeTest, AnswersASlowHeadWith408) {
  ServerLimits limits;
  limits.header_time = milliseconds(30);
  TestServer server(limits);
  RawSocket client(server.port);
  ASSERT_TRUE(client.send("GET /text HTTP/1.1\r\nHost: "));
  const std::string reply = client.reply();
  EXPECT_EQ(status_of(reply), 408);
  EXPECT_NE(reply.find(R"("code":"request_timeout")"), std::string::npos);
  EXPECT_NE(reply.find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(server.observer.saw("timeout header"));
}

TEST(ServerTimeTest, DoesNotLetAHeadTrickleOn) {
  ServerLimits limits;
  limits.header_time = milliseconds(50);
  TestServer server(limits);
  RawSocket client(server.port);
  // A field is sent for as long as the server listens: the limit is for the head, not for a byte.
  std::string sent = "GET /text HTTP/1.1\r\nHost: a\r\n";
  while (client.send(sent) && server.observer.times("timeout header") == 0) {
    sent = server.observer.times("timeout header") == 0 ? "" : "x";
  }
  EXPECT_EQ(status_of(client.reply()), 408);
}

TEST(ServerTimeTest, AnswersASlowBodyWith408) {
  ServerLimits limits;
  limits.body_time = milliseconds(30);
  TestServer server(limits);
  RawSocket client(server.port);
  ASSERT_TRUE(client.send(std::string(kHead) + "12345"));
  EXPECT_EQ(status_of(client.reply()), 408);
  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(server.observer.saw("timeout body"));
}

TEST(ServerTimeTest, AnswersABodyBelowTheLeastRateWith408) {
  ServerLimits limits;
  limits.rate_grace = milliseconds(20);
  limits.min_rate = 1'000;
  TestServer server(limits);
  RawSocket client(server.port);
  ASSERT_TRUE(client.send(std::string(kHead) + "12345"));  // bought 5 ms more
  EXPECT_EQ(status_of(client.reply()), 408) << "long before body_time is over";
}

TEST(ServerTimeTest, ClosesAnIdleConnectionWithoutAWord) {
  ServerLimits limits;
  limits.idle_time = milliseconds(30);
  TestServer server(limits);
  RawSocket silent(server.port);
  EXPECT_TRUE(silent.ended());
  EXPECT_TRUE(server.observer.saw("timeout idle"));
}

TEST(ServerTimeTest, ClosesAConnectionThatIsIdleAfterAReply) {
  ServerLimits limits;
  limits.idle_time = milliseconds(300);  // a busy machine may take its time before the request
  TestServer server(limits);
  RawSocket client(server.port);
  ASSERT_TRUE(client.send("GET /text HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_EQ(status_of(client.reply()), 200);
  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(server.observer.saw("timeout idle"));
}

TEST(ServerTimeTest, ClosesOnAClientThatDoesNotRead) {
  ServerLimits limits;
  limits.body_time = milliseconds(20);
  limits.min_rate = 1024 * 1024 * 1024;
  RouteTable more;
  more.add(TestServer::get("/huge", RunOn::Pool,
                           [](const Request&) { return std::string(64 * 1024 * 1024, 'x'); }));
  TestServer server(limits, {}, std::move(more));
  RawSocket client(server.port);
  ASSERT_TRUE(client.send("GET /huge HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_TRUE(server.observer.saw("timeout write"));
  EXPECT_LT(client.rest().size(), 64u * 1024 * 1024);
}

TEST(ServerTimeTest, DoesNotBeginWhatHasWaitedTooLong) {
  ServerLimits limits;
  limits.request_time = milliseconds(0);  // so that any wait is too long
  std::atomic<bool> has_begun = false;
  RouteTable more;
  more.add(TestServer::get("/late", RunOn::Pool, [&has_begun](const Request&) {
    has_begun = true;
    return std::string("late");
  }));
  TestServer server(limits, {}, std::move(more));
  RawSocket client(server.port);
  ASSERT_TRUE(client.send("GET /late HTTP/1.1\r\nHost: a\r\n\r\n"));
  const std::string reply = client.reply();
  EXPECT_EQ(status_of(reply), 408);
  EXPECT_NE(reply.find(R"("code":"request_timeout")"), std::string::npos);
  EXPECT_TRUE(server.observer.saw("timeout request"));
  EXPECT_FALSE(has_begun);
  ASSERT_TRUE(client.send("GET /text HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_EQ(body_of(client.reply()), "text") << "what does not wait for a thread is answered";
}

TEST(ServerTimeTest, GivesAHandlerAllTheTimeItNeeds) {
  ServerLimits limits;
  limits.header_time = milliseconds(20);
  limits.body_time = milliseconds(20);
  limits.idle_time = milliseconds(300);  // a busy machine may take its time before the request
  TestServer server(limits);
  RawSocket other(server.port);
  RawSocket client(server.port);
  ASSERT_TRUE(client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_TRUE(other.ended());  // at least one time limit has passed
  server.gate.open();
  EXPECT_EQ(body_of(client.reply()), "waited");
}

}  // namespace
}  // namespace betrace::http
