// Goal: every reply carries the fields that every reply has, and nothing can be smuggled in.
#include "betrace/http/reply_writer.h"

#include <gtest/gtest.h>

#include <set>

#include "betrace/http/error_response.h"
#include "betrace/http/request_id.h"

namespace betrace::http {
namespace {

constexpr std::time_t kTime = 784111777;  // the example of RFC 9110

RequestHead some_head() {
  RequestHead head;
  head.method = "GET";
  head.request_id = "id-1";
  return head;
}

std::string reply_head(const Response& response, const RequestHead& head, bool keep_alive,
                       std::time_t now) {
  std::string text = "of an earlier reply";
  write_reply_head(response, head, keep_alive, now, &text);
  return text;
}

TEST(ReplyHeadTest, HasTheFieldsOfEveryReply) {
  EXPECT_EQ(reply_head(json_response(200, "{}"), some_head(), true, kTime),
            "HTTP/1.1 200 OK\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Content-Type: application/json; charset=utf-8\r\n"
            "Content-Length: 2\r\n"
            "X-Request-Id: id-1\r\n"
            "X-Content-Type-Options: nosniff\r\n"
            "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
            "img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; "
            "form-action 'none'; frame-ancestors 'none'\r\n"
            "Referrer-Policy: no-referrer\r\n"
            "Cross-Origin-Opener-Policy: same-origin\r\n"
            "Cache-Control: no-store\r\n"
            "\r\n");
}

TEST(ReplyHeadTest, TellsBrowsersToStayOnTls) {
  RequestHead head = some_head();
  const std::string field = "Strict-Transport-Security: max-age=31536000\r\n";
  EXPECT_EQ(reply_head(empty_response(), head, true, kTime).find(field), std::string::npos);
  head.is_encrypted = true;
  EXPECT_NE(reply_head(empty_response(), head, true, kTime).find(field), std::string::npos);
}

TEST(ReplyHeadTest, HasTheDateOfItsSecond) {
  for (const auto& [now, date] : {std::pair{kTime, "08:49:37"}, std::pair{kTime, "08:49:37"},
                                  std::pair{kTime + 1, "08:49:38"}, std::pair{kTime, "08:49:37"}}) {
    EXPECT_NE(reply_head(empty_response(), some_head(), true, now).find(date), std::string::npos);
  }
}

TEST(ReplyHeadTest, KeepsTheCachingOfTheHandler) {
  Response response = json_response(200, "{}");
  response.headers.add("cache-control", "no-cache");
  const std::string head = reply_head(response, some_head(), true, kTime);
  EXPECT_EQ(head.find("no-store"), std::string::npos);
  EXPECT_NE(head.find("no-cache"), std::string::npos);
}

TEST(ReplyHeadTest, SaysWhetherTheConnectionStaysOpen) {
  RequestHead head = some_head();
  const Response response = json_response(200, "{}");
  EXPECT_NE(reply_head(response, head, false, kTime).find("Connection: close\r\n"),
            std::string::npos);
  head.version_minor = 0;
  EXPECT_NE(reply_head(response, head, true, kTime).find("Connection: keep-alive\r\n"),
            std::string::npos);
}

TEST(ReplyHeadTest, GivesNoLengthWhereThereIsNoBody) {
  for (const int status : {204, 304}) {
    EXPECT_EQ(reply_head(empty_response(status), some_head(), true, kTime).find("Content-Length"),
              std::string::npos);
  }
}

TEST(ReplyHeadTest, LetsNoLineBreakBecomeAField) {
  Response response = json_response(200, "{}");
  response.headers.add("X-Betrace-Ignored", "a\r\nSet-Cookie: b");
  response.headers.add("Content-Length", "999");
  response.headers.add("Transfer-Encoding", "chunked");
  const std::string head = reply_head(response, some_head(), true, kTime);
  EXPECT_NE(head.find("X-Betrace-Ignored: a  Set-Cookie: b\r\n"), std::string::npos);
  EXPECT_EQ(head.find("999"), std::string::npos);
  EXPECT_EQ(head.find("chunked"), std::string::npos);
}

TEST(ReplyHeadTest, AddsTheFieldsOfTheHooks) {
  RequestHead head = some_head();
  head.reply_headers.add("X-RateLimit-Limit", "100");
  EXPECT_NE(reply_head(empty_response(), head, true, kTime).find("X-RateLimit-Limit: 100\r\n"),
            std::string::npos);
}

TEST(CompressTest, CompressesOverOneKibibyteWhenAsked) {
  Headers gzip_please;
  gzip_please.add("Accept-Encoding", "gzip");
  const auto compressed = [&](std::size_t size, const Headers& headers) {
    Response response = json_response(200, std::string(size, 'x'));
    compress(&response, headers);
    return response.headers.contains("Content-Encoding");
  };
  EXPECT_FALSE(compressed(1023, gzip_please));
  EXPECT_FALSE(compressed(1024, gzip_please));
  EXPECT_TRUE(compressed(1025, gzip_please));
  EXPECT_FALSE(compressed(1025, Headers{}));
}

TEST(CompressTest, LeavesAnEncodedBodyAlone) {
  Headers gzip_please;
  gzip_please.add("Accept-Encoding", "gzip");
  Response response = json_response(200, std::string(5000, 'x'));
  response.headers.add("Content-Encoding", "br");
  compress(&response, gzip_please);
  EXPECT_EQ(response.body.size(), 5000u);
}

TEST(RequestIdTest, EchoesALegalIdAndReplacesAnyOther) {
  const auto id_for = [](std::string_view given) {
    Headers headers;
    headers.add("X-Request-Id", given);
    std::string id = "of an earlier request";
    set_request_id(headers, &id);
    return id;
  };
  EXPECT_EQ(id_for("Abc-1._"), "Abc-1._");
  EXPECT_EQ(id_for(std::string(64, 'a')), std::string(64, 'a'));
  for (const std::string& given : {std::string(65, 'a'), std::string("a b"), std::string(""),
                                   std::string("a\"b"), std::string("\xc3\xa9")}) {
    EXPECT_EQ(id_for(given).size(), 16u);
    EXPECT_NE(id_for(given), given);
  }
}

TEST(RequestIdTest, NeverGivesTheSameIdTwice) {
  std::set<std::string> ids;
  std::string id;
  for (int index = 0; index < 10'000; ++index) {
    set_request_id(Headers{}, &id);
    ids.insert(id);
  }
  EXPECT_EQ(ids.size(), 10'000u);
}

TEST(JsonErrorTest, HasTheOneShapeOfErrors) {
  Problem problem;
  problem.status = 429;
  problem.code = "rate_limited";
  problem.message = "say \"please\"\n";
  problem.retry_after = 7;
  problem.details_json = R"({"a":1})";
  const Response response = json_error(problem, some_head());
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(response.headers.find("Retry-After"), "7");
  EXPECT_EQ(response.body,
            R"({"error":{"code":"rate_limited","message":"say \"please\"\n","details":{"a":1},)"
            R"("request_id":"id-1","retry_after":7},"message":"say \"please\"\n"})");
}

TEST(JsonErrorTest, HasNullWhereNothingIsToBeRetried) {
  Problem problem;
  problem.status = 404;
  problem.code = "not_found";
  problem.message = "x";
  const Response response = json_error(problem, some_head());
  EXPECT_FALSE(response.headers.contains("Retry-After"));
  EXPECT_EQ(response.body, R"({"error":{"code":"not_found","message":"x","details":{},)"
                           R"("request_id":"id-1","retry_after":null},"message":"x"})");
}

}  // namespace
}  // namespace betrace::http
