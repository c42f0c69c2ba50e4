// Goal: every head that could be read in two ways is refused, and the limits hold to the byte.
// Method: a table of raw heads; each is fed at once and byte by byte, which must agree.
#include "betrace/http/head_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace betrace::http {
namespace {

struct Outcome {
  int status = 200;  // 0: more bytes are needed
  std::string limit;
  RequestHead head;
  MessageForm form;
  std::size_t bytes = 0;
};

Outcome finish(HeadReader& reader, HeadReader::Progress progress, std::string_view text) {
  Outcome outcome;
  bool legal = progress == HeadReader::Progress::Complete;
  if (legal) legal = reader.read(text, &outcome.head, &outcome.form);
  if (progress == HeadReader::Progress::NeedMore) {
    outcome.status = 0;
  } else if (!legal) {
    outcome.status = reader.refusal().status;
    outcome.limit = reader.refusal().limit;
  }
  outcome.bytes = reader.head_bytes();
  return outcome;
}

Outcome read_at_once(std::string_view text, const HeadLimits& limits = {}) {
  HeadReader reader(limits);
  const auto progress = reader.advance(text);
  return finish(reader, progress, text);
}

Outcome read_in_bytes(std::string_view text, const HeadLimits& limits = {}) {
  HeadReader reader(limits);
  auto progress = HeadReader::Progress::NeedMore;
  std::size_t size = 0;
  while (progress == HeadReader::Progress::NeedMore && size < text.size()) {
    progress = reader.advance(text.substr(0, ++size));
  }
  return finish(reader, progress, text.substr(0, size));
}

struct Row {
  std::string text;
  int status;
};

std::vector<Row> malformed_rows() {
  const std::string get = "GET / HTTP/1.1\r\n";
  const std::string host = "Host: a\r\n";
  return {
      {"GET / HTTP/1.1\nHost: a\n\n", 400},
      {get + "Host: a\n\r\n", 400},
      {"\n", 400},
      {"\r\n\r\n", 400},
      {"GET /\r\n\r\n", 400},
      {"GET  / HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET / HTTP/1.1 \r\n" + host + "\r\n", 400},
      {" GET / HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET / HTTP/2.0\r\n" + host + "\r\n", 400},
      {"PRI * HTTP/2.0\r\n\r\n", 400},
      {"GET / HTTP/1.10\r\n" + host + "\r\n", 400},
      {"GET / http/1.1\r\n" + host + "\r\n", 400},
      {"G@T / HTTP/1.1\r\n" + host + "\r\n", 400},
      {std::string(33, 'G') + " / HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET * HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET a HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET https://a/ HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET http://b/ HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET http:///x HTTP/1.1\r\n" + host + "\r\n", 400},
      {"CONNECT a:80 HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /a#b HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /\x80 HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /\x01 HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /a\tb HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /a\rb HTTP/1.1\r\n" + host + "\r\n", 400},
      {get + "\r\n", 400},
      {get + host + host + "\r\n", 400},
      {get + "Host: a\r\nhost: b\r\n\r\n", 400},
      {get + "Host: a b\r\n\r\n", 400},
      {get + "Host: a@b\r\n\r\n", 400},
      {get + "Host: a/b\r\n\r\n", 400},
      {get + "Host: [::1\r\n\r\n", 400},
      {get + "Host: a:port\r\n\r\n", 400},
      {get + "Host: a:123456\r\n\r\n", 400},
      {get + " Host: a\r\n\r\n", 400},
      {get + host + "A: b\r\n c\r\n\r\n", 400},
      {get + host + "A: b\r\n\tc\r\n\r\n", 400},
      {get + host + "A : b\r\n\r\n", 400},
      {get + host + ": b\r\n\r\n", 400},
      {get + host + "A\r\n\r\n", 400},
      {get + host + "A\xc3: b\r\n\r\n", 400},
      {get + host + "A: b\rc\r\n\r\n", 400},
      {get + host + std::string("A: b\0c\r\n\r\n", 10), 400},
      {get + host + "A: b\x7f\r\n\r\n", 400},
      {get + host + "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 400},
      {get + host + "Content-Length: 1, 1\r\n\r\n", 400},
      {get + host + "Content-Length: +1\r\n\r\n", 400},
      {get + host + "Content-Length: -1\r\n\r\n", 400},
      {get + host + "Content-Length: 0x1\r\n\r\n", 400},
      {get + host + "Content-Length: 1 1\r\n\r\n", 400},
      {get + host + "Content-Length:\r\n\r\n", 400},
      {get + host + "Content-Length: 99999999999999999999\r\n\r\n", 400},
      {get + host + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {get + host + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", 400},
      {get + host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {get + host + "Transfer-Encoding: gzip, chunked\r\n\r\n", 400},
      {get + host + "Transfer-Encoding: chunked, chunked\r\n\r\n", 400},
      {get + host + "Transfer-Encoding: identity\r\n\r\n", 400},
      {get + host + "Transfer-Encoding: xchunked\r\n\r\n", 400},
      {get + host + "Transfer-Encoding:\r\n\r\n", 400},
      {"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {get + host + "Authorization: a\r\nAuthorization: b\r\n\r\n", 400},
      {get + host + "Content-Type: a/b\r\nContent-Type: a/c\r\n\r\n", 400},
      {get + host + "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n\r\n", 400},
      {get + host + "Expect: something\r\n\r\n", 400},
      {get + host + "Expect: 100-continue\r\nExpect: 100-continue\r\n\r\n", 400},
  };
}

TEST(HeadReaderTest, RefusesWhatCouldBeReadInTwoWays) {
  for (const Row& row : malformed_rows()) {
    EXPECT_EQ(read_at_once(row.text).status, row.status) << testing::PrintToString(row.text);
    EXPECT_EQ(read_in_bytes(row.text).status, row.status) << testing::PrintToString(row.text);
    EXPECT_EQ(read_at_once(row.text).limit, "malformed") << testing::PrintToString(row.text);
  }
}

TEST(HeadReaderTest, ReadsAWholeHead) {
  const std::string text =
      "POST /v1/rules/a%20b?x=1&y=a+b%26&x=2&flag HTTP/1.1\r\nHost: Example.com:12011\r\n"
      "content-length: 10\r\nX-Any:  two words \r\n\r\nbody";
  for (const Outcome& outcome : {read_at_once(text), read_in_bytes(text)}) {
    ASSERT_EQ(outcome.status, 200);
    EXPECT_EQ(outcome.bytes, text.size() - 4);
    EXPECT_EQ(outcome.head.method, "POST");
    EXPECT_EQ(outcome.head.target, "/v1/rules/a%20b?x=1&y=a+b%26&x=2&flag");
    EXPECT_EQ(outcome.head.path, "/v1/rules/a b");
    const QueryParameters expected = {{"x", "1"}, {"y", "a b&"}, {"x", "2"}, {"flag", ""}};
    EXPECT_EQ(outcome.head.query, expected);
    EXPECT_EQ(outcome.head.parameter("x"), "1");
    EXPECT_EQ(outcome.head.parameter("z"), std::nullopt);
    EXPECT_EQ(outcome.head.headers.find("CONTENT-LENGTH"), "10");
    EXPECT_EQ(outcome.head.headers.find("x-any"), "two words");
    EXPECT_EQ(outcome.head.body_bytes, 10u);
    EXPECT_EQ(outcome.form.framing, BodyFraming::Length);
    EXPECT_TRUE(outcome.form.keep_alive);
    EXPECT_FALSE(outcome.form.expects_continue);
  }
}

TEST(HeadReaderTest, AcceptsTheFormsThatClientsReallySend) {
  const std::vector<std::string> legal = {
      "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET http://a:80/x?y HTTP/1.1\r\nHost: A:80\r\n\r\n",
      "GET / HTTP/1.0\r\n\r\n",
      "GET / HTTP/1.1\r\nHost:\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nA:\r\nB: caf\xc3\xa9\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nAccept: x\r\nAccept: y\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n",
  };
  for (const std::string& text : legal) {
    EXPECT_EQ(read_at_once(text).status, 200) << text;
    EXPECT_EQ(read_in_bytes(text).status, 200) << text;
  }
  EXPECT_EQ(read_at_once(legal[1]).head.path, "/x");
}

TEST(HeadReaderTest, KnowsWhenTheConnectionStaysOpen) {
  const auto keeps = [](const std::string& version, const std::string& field) {
    return read_at_once("GET / HTTP/" + version + "\r\nHost: a\r\n" + field + "\r\n")
        .form.keep_alive;
  };
  EXPECT_TRUE(keeps("1.1", ""));
  EXPECT_FALSE(keeps("1.1", "Connection: Close\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: keep-alive, close\r\n"));
  EXPECT_FALSE(keeps("1.1", "Connection: close\r\nConnection: keep-alive\r\n"));
  EXPECT_FALSE(keeps("1.0", ""));
  EXPECT_TRUE(keeps("1.0", "Connection: keep-alive\r\n"));
}

TEST(HeadReaderTest, MarksPathsThatNameNothing) {
  for (const char* path :
       {"//", "//v1", "/v1//rules", "/.", "/..", "/v1/../x", "/v1/./x", "/%2e%2e/x", "/a%2fb",
        "/a%2Fb", "/a%00", "/a%0d%0ab", "/%", "/%4", "/%zz", "/%c3"}) {
    const Outcome outcome =
        read_at_once("GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(outcome.status, 200) << path;
    EXPECT_FALSE(outcome.form.path_is_legal) << path;
  }
  for (const char* path : {"/", "/a/", "/a.b/..c", "/%252f", "/caf%c3%a9", "/a;b=c"}) {
    const Outcome outcome =
        read_at_once("GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(outcome.form.path_is_legal) << path;
  }
  EXPECT_EQ(read_at_once("GET /%252f HTTP/1.1\r\nHost: a\r\n\r\n").head.path, "/%2f");
  EXPECT_FALSE(read_at_once("GET /?a=%zz HTTP/1.1\r\nHost: a\r\n\r\n").form.query_is_legal);
}

std::string head_with_line(std::size_t line_bytes) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + ("X: " + std::string(line_bytes - 3, 'x')) + "\r\n\r\n";
}

TEST(HeadReaderTest, LimitsALine) {
  HeadLimits limits;
  limits.line_bytes = 100;
  for (const bool whole : {true, false}) {
    const auto read = whole ? read_at_once : read_in_bytes;
    EXPECT_EQ(read(head_with_line(99), limits).status, 200);
    EXPECT_EQ(read(head_with_line(100), limits).status, 200);
    EXPECT_EQ(read(head_with_line(101), limits).status, 431);
    EXPECT_EQ(read(head_with_line(101), limits).limit, "line_bytes");
  }
  // A line that never ends is refused as soon as it is too long.
  EXPECT_EQ(read_at_once(std::string(101, 'a'), limits).status, 0);
  EXPECT_EQ(read_at_once(std::string(102, 'a'), limits).status, 431);
}

TEST(HeadReaderTest, LimitsTheWholeHead) {
  const std::string text = head_with_line(50);
  for (const bool whole : {true, false}) {
    const auto read = whole ? read_at_once : read_in_bytes;
    HeadLimits limits;
    limits.header_bytes = text.size() + 1;
    EXPECT_EQ(read(text, limits).status, 200);
    limits.header_bytes = text.size();
    EXPECT_EQ(read(text, limits).status, 200);
    EXPECT_EQ(read(text + "rest of the next request", limits).status, 200);
    limits.header_bytes = text.size() - 1;
    EXPECT_EQ(read(text, limits).status, 431);
    EXPECT_EQ(read(text, limits).limit, "header_bytes");
  }
}

TEST(HeadReaderTest, LimitsTheNumberOfFields) {
  HeadLimits limits;
  limits.headers = 3;
  const auto text = [](int fields) {
    std::string head = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (int field = 1; field < fields; ++field) head += "X: y\r\n";
    return head + "\r\n";
  };
  for (const bool whole : {true, false}) {
    const auto read = whole ? read_at_once : read_in_bytes;
    EXPECT_EQ(read(text(2), limits).status, 200);
    EXPECT_EQ(read(text(3), limits).status, 200);
    EXPECT_EQ(read(text(4), limits).status, 431);
    EXPECT_EQ(read(text(4), limits).limit, "headers");
  }
}

TEST(HostNameTest, LeavesOutPortBracketsAndCase) {
  EXPECT_EQ(host_name("LocalHost:80"), "localhost");
  EXPECT_EQ(host_name("[::1]:80"), "::1");
  EXPECT_EQ(host_name("127.0.0.1"), "127.0.0.1");
  EXPECT_EQ(host_name(""), "");
}

}  // namespace
}  // namespace betrace::http
