// Goal: every illegal or oversized request gets its status, and the connection ends where it must.
// Method: tables of raw bytes against a real server; limits at limit - 1, limit, limit + 1.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "betrace/http/client.h"
#include "betrace/http/gzip.h"
#include "betrace/http/raw_socket.h"
#include "betrace/http/test_server.h"

namespace betrace::http {
namespace {

std::string post_with(const std::string& fields, const std::string& body = "") {
  return "POST /echo HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n" + body;
}

const char kText[] = "Content-Type: text/plain\r\n";
const char kChunked[] = "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n";

TEST(ServerRefusalTest, RefusesMalformedRequestsAndCloses) {
  TestServer server;
  const std::vector<std::string> malformed = {
      "GET / HTTP/1.1\nHost: a\n\n",
      "GET / HTTP/1.1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n",
      "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "\x16\x03\x01\x02\x01\n",
      post_with("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
      post_with("Content-Length: 1\r\nContent-Length: 2\r\n", "aa"),
      post_with("Content-Length: -1\r\n"),
      post_with("Transfer-Encoding: gzip, chunked\r\n"),
      post_with(kChunked, "x\r\n"),
      post_with(kChunked, "5\nhello\r\n0\r\n\r\n"),
      post_with(kChunked, "1\r\nab\r\n0\r\n\r\n"),
      post_with(kChunked, "fffffffff\r\n"),
      post_with(kChunked, "0\r\nbad trailer\r\n\r\n"),
  };
  for (const std::string& request : malformed) {
    RawSocket client(server.port);
    // Whatever follows a request whose end is in doubt must not be read as another one.
    ASSERT_TRUE(client.send(request + "GET /text HTTP/1.1\r\nHost: a\r\n\r\n"));
    const std::string replies = client.rest();
    EXPECT_EQ(status_of(replies), 400) << request;
    EXPECT_NE(replies.find("Connection: close\r\n"), std::string::npos) << request;
    EXPECT_EQ(replies.find("HTTP/1.1 200"), std::string::npos) << request;
  }
  EXPECT_EQ(server.observer.times("limit malformed"), malformed.size());
}

TEST(ServerRefusalTest, RefusesTypesAndCodingsThatTheRouteDoesNotTake) {
  TestServer server;
  const std::vector<std::pair<std::string, int>> rows = {
      {kText, 200},
      {"Content-Type: TEXT/plain; charset=utf-8\r\n", 200},
      {"Content-Type: application/json\r\n", 200},
      {"Content-Type: text/html\r\n", 415},
      {"Content-Type:\r\n", 415},
      {"", 415},
      {std::string(kText) + "Content-Encoding: deflate\r\n", 415},
      {std::string(kText) + "Content-Encoding: br\r\n", 415},
      {std::string(kText) + "Content-Encoding: zstd\r\n", 415},
      {std::string(kText) + "Content-Encoding: gzip, gzip\r\n", 415},
      {std::string(kText) + "Content-Encoding: identity\r\n", 200},
      {std::string(kText) + "Accept: text/*\r\n", 200},
      {std::string(kText) + "Accept: application/xml\r\n", 406},
  };
  RawSocket client(server.port);
  for (const auto& [fields, status] : rows) {
    ASSERT_TRUE(client.send(post_with(fields + "Content-Length: 4\r\n", "body")));
    EXPECT_EQ(status_of(client.reply()), status) << fields;
  }
}

TEST(ServerRefusalTest, RefusesDamagedGzipWith400) {
  TestServer server;
  const std::string good = gzip("some text that compresses, some text that compresses");
  std::string wrong_sum = good;
  wrong_sum[good.size() - 6] = static_cast<char>(wrong_sum[good.size() - 6] ^ 1);
  const std::vector<std::string> bodies = {good.substr(0, good.size() - 1), good.substr(0, 10),
                                           wrong_sum, "no gzip", good + "x"};
  Client client({.port = server.port});
  for (const std::string& body : bodies) {
    const auto reply = client.send("POST", "/echo", body,
                                   {{"Content-Type", "text/plain"}, {"Content-Encoding", "gzip"}});
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 400);
  }
  EXPECT_EQ(client.post("/echo", "text/plain", "still works", true)->body, "still works");
}

TEST(ServerRefusalTest, RefusesBombsWith413) {
  RouteTable more;
  more.add(Route{.method = "POST",
                 .path = "/big",
                 .role = Role::Public,
                 .handler = [](const Request&, const PathParameters&) { return empty_response(); },
                 .body_bytes_max = 20 * 1024 * 1024});
  TestServer server({}, {}, std::move(more));
  Client client({.port = server.port});
  const std::string zeros(20 * 1024 * 1024, '\0');
  const auto bomb = client.post("/big", "a/b", zeros, true);
  ASSERT_TRUE(bomb);
  EXPECT_EQ(bomb->status, 413);
  EXPECT_TRUE(server.observer.saw("limit inflate_ratio"));
  std::string many;
  const std::string member = gzip(zeros.substr(0, 1024 * 1024));
  for (int index = 0; index < 16; ++index) many += member;
  EXPECT_EQ(client.send("POST", "/big", many, {{"Content-Encoding", "gzip"}})->status, 413);
  EXPECT_EQ(
      client.send("POST", "/big", gzip(gzip("twice")), {{"Content-Encoding", "gzip"}})->status, 204)
      << "one coding is taken off, not two";
}

TEST(ServerRefusalTest, LimitsABodyBeforeAndAfterInflation) {
  TestServer server;
  constexpr std::size_t kMax = TestServer::kEchoBytesMax;
  for (const auto& [size, status] : {std::pair{kMax - 1, 200}, {kMax, 200}, {kMax + 1, 413}}) {
    const std::string body(size, 'x');
    Client client({.port = server.port});
    EXPECT_EQ(client.post("/echo", "text/plain", body)->status, status) << size;
    EXPECT_EQ(client.post("/echo", "text/plain", body, true)->status, status) << size;
    RawSocket chunked(server.port);
    char line[32];
    std::snprintf(line, sizeof line, "%zx\r\n", size);
    ASSERT_TRUE(chunked.send(post_with(kChunked, line + body + "\r\n0\r\n\r\n")));
    EXPECT_EQ(status_of(chunked.reply()), status) << size;
  }
  EXPECT_EQ(server.observer.times("limit body"), 3u);
}

TEST(ServerRefusalTest, RefusesADeclaredLengthWithoutReadingTheBody) {
  TestServer server;
  RawSocket client(server.port);
  ASSERT_TRUE(client.send(post_with(std::string(kText) + "Content-Length: 999999999999999\r\n")));
  EXPECT_EQ(status_of(client.reply()), 413);
  EXPECT_TRUE(client.ended());
}

TEST(ServerRefusalTest, KeepsTheConnectionAfterASmallRefusedBody) {
  TestServer server;
  RawSocket client(server.port);
  const std::string body(200'000, 'x');
  const std::string refused = post_with(std::string(kText) + "Content-Length: 200000\r\n", body);
  const std::string next = "GET /text HTTP/1.1\r\nHost: a\r\n\r\n";
  ASSERT_TRUE(client.send(refused));
  EXPECT_EQ(status_of(client.reply()), 413);
  ASSERT_TRUE(client.send(next));
  EXPECT_EQ(body_of(client.reply()), "text");
  // Not a byte more than the body is forgotten.
  ASSERT_TRUE(client.send(refused + next));
  EXPECT_EQ(status_of(client.reply()), 413);
  EXPECT_EQ(body_of(client.reply()), "text");
}

TEST(ServerRefusalTest, TakesNoBodyWhereTheRouteHasNone) {
  TestServer server;
  RawSocket client(server.port);
  const std::string head = "GET /text HTTP/1.1\r\nHost: a\r\nContent-Length: ";
  ASSERT_TRUE(client.send(head + "0\r\n\r\n"));
  EXPECT_EQ(status_of(client.reply()), 200);
  ASSERT_TRUE(client.send(head + "1\r\n\r\nx"));
  EXPECT_EQ(status_of(client.reply()), 413);
}

TEST(ServerRefusalTest, LimitsHeads) {
  ServerLimits limits;
  limits.headers = 10;
  limits.line_bytes = 100;
  limits.header_bytes = 500;
  TestServer server(limits);
  const auto status = [&server](const std::string& fields) {
    RawSocket client(server.port);
    EXPECT_TRUE(client.send("GET /text HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"));
    return status_of(client.rest());
  };
  const auto field = [](std::size_t bytes) { return "A: " + std::string(bytes - 3, 'x') + "\r\n"; };
  const std::string close = "Connection: close\r\n";
  EXPECT_EQ(status(close + field(100)), 200);
  EXPECT_EQ(status(close + field(101)), 431);
  std::string fields = close;
  for (int count = 0; count < 8; ++count) fields += "A: b\r\n";
  EXPECT_EQ(status(fields), 200);
  EXPECT_EQ(status(fields + "A: b\r\n"), 431);
  const std::size_t rest = 500 - 20 - 9 - close.size() - 2 - 4 * 102;  // what one field may have
  fields = close + field(100) + field(100) + field(100) + field(100);
  EXPECT_EQ(status(fields + field(rest - 2)), 200);
  EXPECT_EQ(status(fields + field(rest - 1)), 431);
  for (const char* limit : {"limit headers", "limit line_bytes", "limit header_bytes"}) {
    EXPECT_EQ(server.observer.times(limit), 1u) << limit;
  }
}

TEST(ServerRefusalTest, TellsOnlyLoopbackAndNamedHostsOnALoopbackBind) {
  ListenerOptions options;
  options.hosts = std::vector<std::string>{"betrace.test"};
  TestServer server({}, options);
  const std::vector<std::pair<std::string, int>> rows = {
      {"localhost", 200},       {"LOCALHOST:80", 200},
      {"127.0.0.1:12011", 200}, {"127.1.2.3", 200},
      {"[::1]:80", 200},        {"betrace.test:1", 200},
      {"evil.test", 403},       {"betrace.test.evil.test", 403},
      {"127.0.0.1.evil", 403},  {"", 403},
  };
  for (const auto& [host, status] : rows) {
    RawSocket client(server.port);
    ASSERT_TRUE(client.send("GET /text HTTP/1.1\r\nHost: " + host + "\r\n\r\n"));
    EXPECT_EQ(status_of(client.reply()), status) << host;
  }
}

TEST(ServerRefusalTest, AsksTheHookBeforeTheBodyIsRead) {
  ListenerOptions options;
  options.authorize = [](RequestHead& head, const Route* route) -> std::optional<Problem> {
    head.reply_headers.add("X-RateLimit-Limit", "7");
    if (head.headers.find("X-API-Key") == "good") {
      head.actor = "key:good";
      return std::nullopt;
    }
    head.reply_headers.add("WWW-Authenticate", "Bearer realm=\"betrace\"");
    Problem problem;
    problem.status = 401;
    problem.code = "unauthorized";
    problem.message = route != nullptr ? route->path : "unknown";
    return problem;
  };
  RouteTable more;
  more.add(Route{.method = "GET",
                 .path = "/actor",
                 .role = Role::Admin,
                 .handler = [](const Request& request, const PathParameters&) {
                   return json_response(200, request.head.actor);
                 }});
  TestServer server({}, options, std::move(more));
  RawSocket anonymous(server.port);
  ASSERT_TRUE(anonymous.send(post_with("Content-Type: a/b\r\nContent-Length: 9999999\r\n")));
  const std::string refusal = anonymous.reply();
  EXPECT_EQ(status_of(refusal), 401) << "a credential comes before type and length";
  EXPECT_NE(refusal.find("WWW-Authenticate: Bearer realm=\"betrace\"\r\n"), std::string::npos);
  Client client({.port = server.port});
  EXPECT_EQ(client.get("/nothing")->status, 401) << "an unknown path looks like a forbidden one";
  EXPECT_EQ(client.get("/nothing", {{"X-API-Key", "good"}})->status, 404);
  const auto reply = client.get("/actor", {{"X-API-Key", "good"}});
  EXPECT_EQ(reply->body, "key:good");
  EXPECT_EQ(reply->headers.find("X-RateLimit-Limit"), "7");
}

TEST(ServerRefusalTest, AsksForAdmissionLast) {
  RouteTable more;
  more.add(Route{.method = "POST",
                 .path = "/admitted",
                 .role = Role::Ingest,
                 .handler = [](const Request&, const PathParameters&) { return empty_response(); },
                 .body_bytes_max = 1'000,
                 .content_types = {"text/plain"},
                 .error_format =
                     [](const Problem& problem, const RequestHead&) {
                       return make_response(problem.status, "text/plain", "own form");
                     },
                 .admit = [](const RequestHead&, std::uint64_t bytes) -> std::optional<Problem> {
                   if (bytes < 500) return std::nullopt;
                   Problem problem;
                   problem.status = 429;
                   return problem;
                 }});
  TestServer server({}, {}, std::move(more));
  Client client({.port = server.port});
  const auto status = [&client](std::size_t bytes, std::string_view type) {
    return client.post("/admitted", type, std::string(bytes, 'x'))->status;
  };
  EXPECT_EQ(status(499, "text/plain"), 204);
  EXPECT_EQ(status(500, "text/plain"), 429);
  EXPECT_EQ(status(500, "text/html"), 415);
  EXPECT_EQ(status(1'001, "text/plain"), 413);
  EXPECT_EQ(client.get("/admitted")->body, "own form");
  EXPECT_EQ(client.get("/admitted")->headers.find("Allow"), "POST");
}

TEST(ServerRefusalTest, IsOverloadedWhenBodiesFillTheirMemory) {
  ServerLimits limits;
  limits.bodies_bytes = 50'000;
  TestServer server(limits);
  Client client({.port = server.port});
  const auto reply = client.post("/echo", "text/plain", std::string(60'000, 'x'));
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->status, 503);
  EXPECT_EQ(reply->headers.find("Retry-After"), "1");
  EXPECT_NE(reply->body.find(R"("code":"overloaded")"), std::string::npos);
  EXPECT_EQ(client.post("/echo", "text/plain", "small")->status, 200);
}

TEST(ServerRefusalTest, LimitsConnections) {
  ServerLimits limits;
  limits.connections = 2;
  TestServer server(limits);
  RawSocket first(server.port);
  RawSocket second(server.port);
  for (RawSocket* client : {&first, &second}) {
    ASSERT_TRUE(client->send("GET /text HTTP/1.1\r\nHost: a\r\n\r\n"));
    EXPECT_EQ(status_of(client->reply()), 200);
  }
  RawSocket third(server.port);
  EXPECT_TRUE(third.ended());
  EXPECT_TRUE(server.observer.saw("refused connections"));
}

TEST(ServerRefusalTest, LimitsConnectionsOfOneAddress) {
  ServerLimits limits;
  limits.connections_per_ip = 1;
  TestServer server(limits);
  RawSocket first(server.port);
  ASSERT_TRUE(first.send("GET /text HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_EQ(status_of(first.reply()), 200);
  EXPECT_TRUE(RawSocket(server.port).ended());
  EXPECT_TRUE(server.observer.saw("refused connections_per_ip"));
}

}  // namespace
}  // namespace betrace::http
