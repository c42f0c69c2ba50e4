// Goal: a foreign page changes nothing, our own page and programs are not hindered, and a listed
// origin gets what its browser asks for.

#include "betrace/http/cross_origin.h"

#include <gtest/gtest.h>

#include "betrace/http/raw_socket.h"
#include "betrace/http/test_server.h"

namespace betrace::http {
namespace {

const std::vector<std::string> kNone;
const std::vector<std::string> kListed{"https://ui.example:8443"};

RequestHead head_of(std::string_view method, std::vector<HeaderView> fields) {
  RequestHead head;
  head.method = method;
  head.headers.add("Host", "betrace.example:12011");
  for (const HeaderView& field : fields) head.headers.add(field.name, field.value);
  return head;
}

bool is_refused(std::string_view method, std::vector<HeaderView> fields,
                const std::vector<std::string>& origins = kNone) {
  return check_origin(head_of(method, std::move(fields)), origins).has_value();
}

TEST(CrossOriginTest, ProgramsAndOurOwnPagesMayChangeThings) {
  EXPECT_FALSE(is_refused("POST", {}));
  EXPECT_FALSE(is_refused("POST", {{"Sec-Fetch-Site", "none"}}));
  EXPECT_FALSE(is_refused("PUT", {{"Origin", "http://betrace.example:12011"}}));
  EXPECT_FALSE(is_refused(
      "DELETE", {{"Origin", "https://betrace.example:12011"}, {"Sec-Fetch-Site", "same-origin"}}));
}

TEST(CrossOriginTest, ForeignPagesMayNot) {
  for (const std::string_view method : {"POST", "PUT", "PATCH", "DELETE", "ANY"}) {
    EXPECT_TRUE(is_refused(method, {{"Origin", "https://evil.example"}}));
    EXPECT_TRUE(is_refused(method, {{"Origin", "null"}}));
    EXPECT_TRUE(is_refused(method, {{"Origin", "http://betrace.example"}}));
    EXPECT_TRUE(is_refused(method, {{"Sec-Fetch-Site", "cross-site"}}));
    EXPECT_TRUE(is_refused(method, {{"Sec-Fetch-Site", "same-site"}}));
    EXPECT_TRUE(is_refused(
        method, {{"Origin", "http://betrace.example:12011"}, {"Sec-Fetch-Site", "cross-site"}}));
  }
  EXPECT_FALSE(is_refused("GET", {{"Origin", "https://evil.example"}}));
}

TEST(CrossOriginTest, ListedPagesMayWhereverTheyCallFrom) {
  const std::vector<HeaderView> fields = {{"Origin", "https://ui.example:8443"},
                                          {"Sec-Fetch-Site", "cross-site"}};
  EXPECT_FALSE(is_refused("POST", fields, kListed));
  EXPECT_TRUE(is_refused("POST", {{"Origin", "https://ui.example"}}, kListed));
}

std::string ask(TestServer& server, const std::string& request) {
  RawSocket socket(server.port);
  socket.send(request);
  return socket.reply();
}

TEST(CrossOriginTest, ABrowserIsToldWhatAListedPageMaySend) {
  ListenerOptions options;
  options.cors_origins = kListed;
  options.key_header = "X-Our-Key";
  TestServer server({}, std::move(options));
  const std::string preflight =
      "OPTIONS /echo HTTP/1.1\r\nHost: x\r\nAccess-Control-Request-Method: POST\r\nOrigin: ";
  const std::string yes = ask(server, preflight + "https://ui.example:8443\r\n\r\n");
  EXPECT_EQ(status_of(yes), 204);
  for (const char* field :
       {"Access-Control-Allow-Origin: https://ui.example:8443\r\n", "Vary: Origin\r\n",
        "Access-Control-Allow-Methods: POST\r\n", ", X-Our-Key\r\n"}) {
    EXPECT_NE(yes.find(field), std::string::npos) << field << yes;
  }
  EXPECT_EQ(yes.find("Allow-Credentials"), std::string::npos);
  const std::string no = ask(server, preflight + "https://evil.example\r\n\r\n");
  EXPECT_EQ(status_of(no), 405);
  EXPECT_EQ(no.find("Access-Control"), std::string::npos);
}

}  // namespace
}  // namespace betrace::http
