// Goal: the server speaks HTTP/1.1 as real clients do, over real sockets.
// Method: raw bytes to a server on a free port; what comes back is compared as text.
#include "betrace/http/server.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "betrace/http/client.h"
#include "betrace/http/gzip.h"
#include "betrace/http/raw_socket.h"
#include "betrace/http/test_server.h"

namespace betrace::http {
namespace {

using std::chrono::milliseconds;

std::string get(const std::string& path, const std::string& fields = "") {
  return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n";
}

std::string post(const std::string& body, const std::string& fields = "") {
  return "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n" + fields + "\r\n" + body;
}

std::string post_chunked(const std::string& chunks, const std::string& fields = "") {
  return "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
         "Transfer-Encoding: chunked\r\n" +
         fields + "\r\n" + chunks;
}

TEST(ServerTest, AnswersWithTheFieldsOfEveryReply) {
  TestServer server;
  RawSocket client(server.port);
  ASSERT_TRUE(client.send(get("/text", "X-Request-Id: abc\r\n")));
  const std::string reply = client.reply();
  EXPECT_EQ(status_of(reply), 200);
  for (const char* field :
       {"Content-Length: 4\r\n", "X-Request-Id: abc\r\n", "X-Content-Type-Options: nosniff\r\n",
        "Cache-Control: no-store\r\n", "Content-Type: text/plain\r\n", "\r\nDate: "}) {
    EXPECT_NE(reply.find(field), std::string::npos) << field << reply;
  }
  EXPECT_EQ(body_of(reply), "text");
}

TEST(ServerTest, AnswersManyRequestsOnOneConnectionInOrder) {
  TestServer server;
  RawSocket client(server.port);
  ASSERT_TRUE(client.send(get("/text")));
  EXPECT_EQ(body_of(client.reply()), "text");
  ASSERT_TRUE(client.send(post("one")));
  EXPECT_EQ(body_of(client.reply()), "one");
  ASSERT_TRUE(client.send(post("two") + get("/nothing") + post_chunked("5\r\nthree\r\n0\r\n\r\n") +
                          get("/text") + post("four")));
  EXPECT_EQ(body_of(client.reply()), "two");
  EXPECT_EQ(status_of(client.reply()), 404);
  EXPECT_EQ(body_of(client.reply()), "three");
  EXPECT_EQ(body_of(client.reply()), "text");
  EXPECT_EQ(body_of(client.reply()), "four");
}

TEST(ServerTest, ServesOldClientsAndClosesWhenAsked) {
  TestServer server;
  RawSocket old(server.port);
  ASSERT_TRUE(old.send("GET /text HTTP/1.0\r\n\r\n"));
  EXPECT_NE(old.rest().find("Connection: close\r\n"), std::string::npos);
  RawSocket kept(server.port);
  ASSERT_TRUE(kept.send("GET /text HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
  EXPECT_NE(kept.reply().find("Connection: keep-alive\r\n"), std::string::npos);
  ASSERT_TRUE(kept.send("GET /text HTTP/1.0\r\n\r\n"));
  EXPECT_EQ(body_of(kept.rest()), "text");
  RawSocket closed(server.port);
  ASSERT_TRUE(closed.send(get("/text", "Connection: close\r\n")));
  EXPECT_EQ(body_of(closed.rest()), "text");
}

TEST(ServerTest, AnswersHeadLikeGetButWithoutTheBody) {
  TestServer server;
  RawSocket client(server.port);
  ASSERT_TRUE(client.send("HEAD /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
  const std::string reply = client.rest();
  EXPECT_EQ(status_of(reply), 200);
  EXPECT_NE(reply.find("Content-Length: 100000\r\n"), std::string::npos);
  EXPECT_EQ(body_of(reply), "");
}

TEST(ServerTest, SaysWhatIsWrongInTheOneErrorShape) {
  TestServer server;
  Client client({.port = server.port});
  const auto missing = client.get("/nothing", {{"X-Request-Id", "r1"}});
  ASSERT_TRUE(missing) << missing.error().message;
  EXPECT_EQ(missing->status, 404);
  EXPECT_EQ(missing->body,
            R"({"error":{"code":"not_found","message":"there is nothing at this path",)"
            R"("details":{},"request_id":"r1","retry_after":null},)"
            R"("message":"there is nothing at this path"})");
  const auto wrong = client.send("PUT", "/echo");
  ASSERT_TRUE(wrong);
  EXPECT_EQ(wrong->status, 405);
  EXPECT_EQ(wrong->headers.find("Allow"), "POST");
  EXPECT_EQ(client.send("DELETE", "/text")->headers.find("Allow"), "GET, HEAD");
}

TEST(ServerTest, FindsNothingAtPathsThatCouldBeReadInTwoWays) {
  TestServer server;
  Client client({.port = server.port});
  for (const char* path : {"//text", "/text/", "/./text", "/x/../text", "/%2e%2e/text", "/text%00",
                           "/%2ftext", "/text%2f", "/Text", "/text;a=b", "/%zz"}) {
    const auto reply = client.get(path);
    ASSERT_TRUE(reply) << path;
    EXPECT_EQ(reply->status, 404) << path;
  }
  EXPECT_EQ(client.get("/%74ext")->status, 200);
  EXPECT_EQ(client.get("/text?a=%zz")->status, 400);
}

TEST(ServerTest, ReadsChunkedBodiesHoweverTheyArrive) {
  TestServer server;
  RawSocket client(server.port);
  const std::string chunks = "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nTrailer: z\r\n\r\n";
  ASSERT_TRUE(client.send(post_chunked("")));
  for (const char byte : chunks) ASSERT_TRUE(client.send(std::string(1, byte)));
  EXPECT_EQ(body_of(client.reply()), "abcdefg");
}

TEST(ServerTest, ReadsABodyOfTinyChunksInTimeThatGrowsWithItsSize) {
  TestServer server;
  RawSocket client(server.port);
  std::string chunks;
  for (int index = 0; index < 90'000; ++index) chunks += "1\r\nx\r\n";
  ASSERT_TRUE(client.send(post_chunked(chunks + "0\r\n\r\n")));
  EXPECT_EQ(body_of(client.reply()), std::string(90'000, 'x'));
}

TEST(ServerTest, ReadsGzippedBodies) {
  TestServer server;
  RawSocket client(server.port);
  const std::string body = gzip("a body that was compressed");
  ASSERT_TRUE(client.send(post(body, "Content-Encoding: gzip\r\n")));
  EXPECT_EQ(body_of(client.reply()), "a body that was compressed");
  ASSERT_TRUE(client.send(post("plain", "Content-Encoding: identity\r\n")));
  EXPECT_EQ(body_of(client.reply()), "plain");
}

TEST(ServerTest, SendsGzipWhenAsked) {
  TestServer server;
  Client client({.port = server.port});
  const auto reply = client.get("/large", {{"Accept-Encoding", "gzip"}});
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->headers.find("Content-Encoding"), "gzip");
  EXPECT_LT(std::stoi(std::string(*reply->headers.find("Content-Length"))), 1'000);
  EXPECT_EQ(reply->body, std::string(100'000, 'x'));
}

TEST(ServerTest, AsksForTheBodyOnlyWhenItWillBeTaken) {
  TestServer server;
  RawSocket taken(server.port);
  const std::string request = post("body", "Expect: 100-continue\r\n");
  const std::size_t head = request.size() - 4;
  ASSERT_TRUE(taken.send(request.substr(0, head)));
  EXPECT_EQ(taken.reply(), "HTTP/1.1 100 Continue\r\n\r\n");
  ASSERT_TRUE(taken.send(request.substr(head)));
  EXPECT_EQ(body_of(taken.reply()), "body");
  RawSocket refused(server.port);
  ASSERT_TRUE(
      refused.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n"
                   "Content-Length: 100001\r\nExpect: 100-continue\r\n\r\n"));
  EXPECT_EQ(status_of(refused.reply()), 413);
  EXPECT_TRUE(refused.ended());
}

TEST(ServerTest, AnswersAClientThatHasClosedItsHalf) {
  TestServer server;
  RawSocket client(server.port);
  ASSERT_TRUE(client.send(post("last words")));
  client.half_close();
  EXPECT_EQ(body_of(client.rest()), "last words");
}

TEST(ServerTest, SurvivesClientsThatVanish) {
  TestServer server;
  for (int round = 0; round < 20; ++round) {
    RawSocket in_head(server.port);
    ASSERT_TRUE(in_head.send("GET /te"));
    in_head.reset();
    RawSocket in_body(server.port);
    ASSERT_TRUE(in_body.send(post(std::string(1'000, 'x')).substr(0, 500)));
    in_body.reset();
    RawSocket in_reply(server.port);
    ASSERT_TRUE(in_reply.send(get("/large") + get("/large")));
    in_reply.reset();
  }
  EXPECT_EQ(Client({.port = server.port}).get("/text")->status, 200);
}

TEST(ServerTest, AnswersAHandlerThatThrowsWith500) {
  TestServer server;
  Client client({.port = server.port});
  for (const char* path : {"/throw", "/throw-inline"}) {
    const auto reply = client.get(path);
    ASSERT_TRUE(reply) << path;
    EXPECT_EQ(reply->status, 500);
    EXPECT_NE(reply->body.find(R"("code":"internal")"), std::string::npos);
    EXPECT_EQ(reply->body.find("purpose"), std::string::npos) << "details are for the log only";
  }
  EXPECT_TRUE(server.observer.saw("failed on purpose"));
  EXPECT_TRUE(server.observer.saw("failed unknown exception"));
  EXPECT_EQ(client.get("/text")->status, 200);
}

TEST(ServerTest, AnswersInlineWhileThePoolIsBusy) {
  TestServer server;
  std::vector<RawSocket> busy;
  for (int index = 0; index < 4; ++index) {  // more than the pool has threads
    busy.emplace_back(server.port);
    ASSERT_TRUE(busy.back().send(get("/wait")));
  }
  server.waiting.wait();
  EXPECT_EQ(Client({.port = server.port}).get("/text")->body, "text");
  server.gate.open();
  for (RawSocket& client : busy) EXPECT_EQ(body_of(client.reply()), "waited");
}

TEST(ServerTest, TellsTheObserverOfEachRequest) {
  TestServer server;
  Client client({.port = server.port});
  EXPECT_TRUE(client.get("/text"));
  EXPECT_TRUE(client.get("/nothing/here"));
  EXPECT_TRUE(client.send("BREW", "/text"));
  EXPECT_TRUE(server.observer.saw("GET /text 200"));
  EXPECT_TRUE(server.observer.saw("GET other 404"));
  EXPECT_TRUE(server.observer.saw("OTHER other 405"));
}

TEST(ServerTest, LetsHandlersReadPastTheBody) {
  RouteTable more;
  more.add(Route{.method = "POST",
                 .path = "/padding",
                 .role = Role::Public,
                 .handler =
                     [](const Request& request, const PathParameters&) {
                       const char* end = request.body.data() + request.body.size();
                       const bool zeros = std::all_of(end, end + kBodyPaddingBytes,
                                                      [](char byte) { return byte == 0; });
                       return json_response(200, zeros ? "true" : "false");
                     },
                 .body_bytes_max = 1'000'000});
  TestServer server({}, {}, std::move(more));
  Client client({.port = server.port});
  for (const std::size_t size : {0u, 1u, 16'384u, 100'000u}) {
    EXPECT_EQ(client.post("/padding", "a/b", std::string(size, 'x'))->body, "true") << size;
    EXPECT_EQ(client.post("/padding", "a/b", std::string(size + 1, 'x'), true)->body, "true")
        << size;
  }
}

TEST(ServerTest, ServesManyClientsAtOnce) {
  ListenerOptions options;
  options.threads = 2;
  TestServer server({}, options);
  constexpr int kClients = 8;
  constexpr int kRequests = 100;
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int number = 0; number < kClients; ++number) {
    threads.emplace_back([&server, &right, number] {
      Client client({.port = server.port});
      for (int request = 0; request < kRequests; ++request) {
        const std::string body =
            std::to_string(number) + std::string(static_cast<std::size_t>(request), 'x');
        const auto reply = client.post("/echo", "text/plain", body, request % 2 == 0);
        if (reply && reply->status == 200 && reply->body == body) ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, kClients * kRequests);
  server.server.stop(milliseconds(10'000));  // the last replies are told after they are sent
  EXPECT_EQ(server.observer.times("POST /echo 200"),
            static_cast<std::size_t>(kClients * kRequests));
}

TEST(ServerStopTest, LetsRequestsInFlightFinish) {
  TestServer server;
  RawSocket busy(server.port);
  RawSocket idle(server.port);
  ASSERT_TRUE(idle.send(get("/text")));
  EXPECT_EQ(status_of(idle.reply()), 200);
  ASSERT_TRUE(busy.send(get("/wait")));
  server.waiting.wait();
  std::thread stopping([&server] { server.server.stop(milliseconds(10'000)); });
  EXPECT_TRUE(idle.ended()) << "an idle connection is closed at once";
  EXPECT_FALSE(RawSocket(server.port).connected()) << "nobody new is let in";
  server.gate.open();
  const std::string reply = busy.rest();
  stopping.join();
  EXPECT_EQ(body_of(reply), "waited");
  EXPECT_NE(reply.find("Connection: close\r\n"), std::string::npos);
  EXPECT_EQ(server.server.connections(), 0u);
}

TEST(ServerStopTest, CutsWhatIsNotDoneWithinTheGrace) {
  TestServer server;
  RawSocket slow(server.port);
  ASSERT_TRUE(slow.send(post("body").substr(0, 20)));
  RawSocket other(server.port);
  ASSERT_TRUE(other.send(get("/text")));
  EXPECT_EQ(status_of(other.reply()), 200);
  server.server.stop(milliseconds(1));
  EXPECT_EQ(slow.rest(), "");
  EXPECT_EQ(server.server.connections(), 0u);
}

TEST(ServerStopTest, MayBeCalledTwiceAndWithoutStart) {
  Server never_started;
  ASSERT_TRUE(never_started.listen({}, {}));
  never_started.stop(milliseconds(0));
  TestServer server;
  server.server.stop(milliseconds(0));
  server.server.stop(milliseconds(0));
}

TEST(ServerListenTest, PicksOnePortForAllAddresses) {
  Server server;
  ListenerOptions options;
  options.addresses = {"127.0.0.1", "127.0.0.2"};
  const auto port = server.listen(options, TestServer().common_routes());
  ASSERT_TRUE(port) << port.error().message;
  EXPECT_GT(*port, 0);
  server.start();
  for (const char* host : {"127.0.0.1", "127.0.0.2"}) {
    EXPECT_EQ(Client({.host = host, .port = *port}).get("/text")->status, 200) << host;
  }
}

TEST(ServerListenTest, NamesTheAddressThatItCannotBind) {
  TestServer first;
  Server second;
  ListenerOptions options;
  options.port = first.port;
  const auto taken = second.listen(options, {});
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::Unavailable);
  EXPECT_NE(taken.error().message.find("127.0.0.1 port " + std::to_string(first.port)),
            std::string::npos);
  options.addresses = {"localhost"};
  const auto wrong = second.listen(options, {});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::InvalidArgument);
  options.addresses = {};
  EXPECT_FALSE(second.listen(options, {}));
}

}  // namespace
}  // namespace betrace::http
