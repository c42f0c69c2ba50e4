// Goal: the client keeps its connection, bounds what it reads, and says what went wrong.
#include "betrace/http/client.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>

#include "betrace/http/test_server.h"

namespace betrace::http {
namespace {

TEST(ClientTest, KeepsItsConnection) {
  TestServer server;
  Client client({.port = server.port});
  for (int round = 0; round < 3; ++round) EXPECT_EQ(client.get("/text")->body, "text");
  EXPECT_EQ(server.server.connections(), 1u);
  EXPECT_EQ(client.send("HEAD", "/large")->body, "");
  EXPECT_EQ(client.post("/echo", "text/plain", "abc", true)->body, "abc");
  Client moved = std::move(client);
  EXPECT_EQ(moved.get("/text")->body, "text");
  EXPECT_EQ(server.server.connections(), 1u);
}

TEST(ClientTest, OpensAConnectionAgainThatTheServerHasClosed) {
  ServerLimits limits;
  limits.idle_time = std::chrono::milliseconds(200);
  TestServer server(limits);
  Client client({.port = server.port});
  EXPECT_EQ(client.get("/text")->body, "text");
  EXPECT_TRUE(server.observer.saw("timeout idle"));
  EXPECT_EQ(client.get("/text")->body, "text");
}

TEST(ClientTest, ReadsTheReplyToARequestThatWasRefusedEarly) {
  TestServer server;
  Client client({.port = server.port});
  const auto reply = client.post("/echo", "text/plain", std::string(30'000'000, 'x'));
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->status, 413);
  EXPECT_EQ(client.get("/text")->body, "text");
}

TEST(ClientTest, SaysThatNobodyListens) {
  std::uint16_t port = 0;
  { port = TestServer().port; }
  const auto reply = Client({.port = port}).get("/text");
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::Unavailable);
  EXPECT_EQ(reply.error().message.find("cannot connect to 127.0.0.1:"), 0u);
  EXPECT_FALSE(Client({.host = "no such host", .port = port}).get("/"));
}

TEST(ClientTest, GivesUpWhenNoReplyComesInTime) {
  TestServer server;
  Client client({.port = server.port, .timeout = std::chrono::milliseconds(30)});
  const auto reply = client.get("/wait");
  server.gate.open();
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().message, "no reply in time");
}

TEST(ClientTest, BoundsAReply) {
  TestServer server;
  Client client({.port = server.port, .reply_bytes_max = 99'999});
  EXPECT_EQ(client.get("/large").error().code, ErrorCode::LimitExceeded);
  EXPECT_EQ(client.get("/large", {{"Accept-Encoding", "gzip"}}).error().code,
            ErrorCode::LimitExceeded);
  EXPECT_EQ(client.get("/text")->body, "text");
  EXPECT_EQ(Client({.port = server.port, .reply_bytes_max = 100'000}).get("/large")->body.size(),
            100'000u);
}

}  // namespace
}  // namespace betrace::http
