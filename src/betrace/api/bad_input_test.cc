// Goal: whatever a body holds, the answer is a clear error and the store is as it was.
// Method: each row is one body for POST /v1/rules, with the status and code that it must get.

#include "betrace/api/test_api.h"
#include "betrace/http/gzip.h"

namespace betrace::api {
namespace {

class BadInputTest : public ApiTest {};

std::string nested(std::size_t depth) {
  return R"({"name":"a","expression":"true","x":)" + std::string(depth, '[') +
         std::string(depth, ']') + "}";
}

std::string with_member(const std::string& member, const Json& value) {
  Json rule = {{"name", "a"}, {"expression", "true"}};
  rule[member] = value;
  return rule.dump();
}

struct BadRequest {
  std::string body;
  int status;
  std::string code;
};

// What is no JSON, or no object.
const std::vector<BadRequest> kNoRules = {
    {"{", 400, "invalid_json"},
    {"nonsense", 400, "invalid_json"},
    {"{} {}", 400, "invalid_json"},
    {"{\"name\":\"a\xFF\",\"expression\":\"true\"}", 400, "invalid_json"},
    {std::string("{\"name\":\"a\0\"}", 13), 400, "invalid_json"},
    {R"({"name":"a","name":"b","expression":"true"})", 400, "invalid_json"},
    {R"({"name":"\ud800","expression":"true"})", 400, "invalid_json"},
    {R"({"name":"a","expression":"true","x":1e999})", 400, "invalid_json"},
    {nested(64), 400, "invalid_json"},
    {nested(100'000), 400, "invalid_json"},
    {"null", 400, "invalid_field"},
    {"[]", 400, "invalid_field"},
    {"\"text\"", 400, "invalid_field"},
    {"{}", 400, "missing_field"},
    {std::string(1024 * 1024 + 1, ' '), 413, "payload_too_large"},
};

// Rules with one wrong member.
const std::vector<BadRequest> kWrongMembers = {
    {with_member("name", ""), 400, "invalid_field"},
    {with_member("name", std::string(257, 'n')), 400, "invalid_field"},
    {with_member("name", "a\nb"), 400, "invalid_field"},
    {with_member("name", nullptr), 400, "invalid_field"},
    {with_member("id", "../../etc/passwd"), 400, "invalid_field"},
    {with_member("id", "a/b"), 400, "invalid_field"},
    {with_member("id", ""), 400, "invalid_field"},
    {with_member("id", "validate"), 400, "invalid_field"},
    {with_member("id", std::string(129, 'i')), 400, "invalid_field"},
    {with_member("id", 7), 400, "invalid_field"},
    {with_member("description", std::string(4097, 'd')), 400, "invalid_field"},
    {with_member("enabled", "true"), 400, "invalid_field"},
    {with_member("enabled", 1), 400, "invalid_field"},
    {with_member("severity", "WORST"), 400, "invalid_field"},
    {with_member("tags", Json::array({"a b"})), 400, "invalid_field"},
    {with_member("message", "{span.nonsense}"), 400, "invalid_field"},
    {with_member("message", "{open"), 400, "invalid_field"},
    {with_member("message", std::string(1025, 'm')), 400, "invalid_field"},
    {with_member("expression", ""), 400, "invalid_field"},
    {with_member("expression", std::string(65'537, ' ') + "true"), 400, "invalid_field"},
    {with_member("expression", std::string(60'000, '(')), 400, "invalid_expression"},
    {with_member("expression", "span.name matches \"(\""), 400, "invalid_expression"},
    {with_member("expression", std::string(1024 * 1024, 'x')), 413, "payload_too_large"},
};

TEST_F(BadInputTest, EveryWrongBodyIsAnsweredClearly) {
  std::vector<BadRequest> cases = kNoRules;
  cases.insert(cases.end(), kWrongMembers.begin(), kWrongMembers.end());
  for (const BadRequest& row : cases) {
    const Answer answer = post("/v1/rules", row.body);
    const std::string shown = row.body.substr(0, 100);
    EXPECT_EQ(answer.status, row.status) << shown << answer.body;
    EXPECT_EQ(answer.code(), row.code) << shown << answer.body;
    EXPECT_EQ(answer.at("/message"), answer.at("/error/message")) << shown;
    EXPECT_TRUE(answer.at("/error/details").is_object()) << shown;
    EXPECT_LT(answer.body.size(), 1'000u) << shown;
  }
  EXPECT_EQ(get("/v1/rules").at("/total_count"), 0);
}

TEST_F(BadInputTest, AnEmptyBodyIsNoRule) {
  const Answer answer = post("/v1/rules", "");
  EXPECT_EQ(answer.status, 400) << answer.body;
  EXPECT_EQ(answer.code(), "invalid_json");
}

TEST_F(BadInputTest, ARuleAtEveryLimitIsStored) {
  Json rule = {{"name", std::string(256, 'n')},
               {"id", std::string(128, 'i')},
               {"description", std::string(4096, 'd')},
               {"message", std::string(1024, 'm')},
               {"expression", "true" + std::string(65'532, ' ')},
               {"tags", Json::array()}};
  for (int i = 0; i < 32; ++i) {
    const std::string number = std::to_string(i);
    rule["tags"].push_back(number + std::string(64 - number.size(), 't'));
  }
  const Answer answer = post("/v1/rules", rule.dump());
  EXPECT_EQ(answer.status, 201) << answer.body.substr(0, 300);
  EXPECT_EQ(answer.at("/tags").size(), 32u);
}

TEST_F(BadInputTest, OtherContentTypesAreRefused) {
  const char* rule = R"({"name":"a","expression":"true"})";
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded", "application/yaml"}) {
    const Answer answer = post("/v1/rules", rule, {{"Content-Type", type}});
    EXPECT_EQ(answer.status, 415) << type;
    EXPECT_EQ(answer.code(), "unsupported_media_type") << type;
  }
  const HeaderList upper_case = {{"Content-Type", "Application/JSON; charset=utf-8"}};
  EXPECT_EQ(post("/v1/rules", rule, upper_case).status, 201);
}

// Gzip that is cut off or none at all hides no JSON, and gzip that swells is too large.
TEST_F(BadInputTest, WrongGzipIsAWrongBody) {
  const HeaderList json = {{"Content-Encoding", "gzip"}};
  const HeaderList yaml = {{"Content-Encoding", "gzip"}, {"Content-Type", "application/yaml"}};
  const std::string whole = http::gzip(R"({"name":"a","expression":"true"})");
  for (const std::string& body : {std::string("no gzip"), whole.substr(0, whole.size() - 1)}) {
    const Answer answer = post("/v1/rules", body, json);
    EXPECT_EQ(answer.status, 400) << answer.body;
    EXPECT_EQ(answer.code(), "invalid_json");
    EXPECT_EQ(post("/v1/rules/import", body, yaml).code(), "invalid_yaml");
  }
  const Answer bomb = post("/v1/rules", http::gzip(std::string(20 * 1024 * 1024, ' ')), json);
  EXPECT_EQ(bomb.status, 413) << bomb.body;
  EXPECT_EQ(bomb.code(), "payload_too_large");
  EXPECT_EQ(get("/v1/rules").at("/total_count"), 0);
  EXPECT_EQ(post("/v1/rules", whole, json).status, 201);
}

TEST_F(BadInputTest, PathsAreNotFiles) {
  for (const char* path :
       {"/v1/rules/..%2f..%2fetc", "/v1/rules/%00", "/v1/rules/../rules", "/v1/rules/%2e%2e"}) {
    const Answer answer = get(path);
    EXPECT_TRUE(answer.status == 404 || answer.status == 400) << path << answer.status;
  }
}

TEST_F(BadInputTest, InputInMessagesIsShortAndEscaped) {
  const Answer answer = get("/v1/rules?" + std::string(500, 'p') + "=1");
  EXPECT_EQ(answer.code(), "unknown_parameter");
  EXPECT_LT(answer.at("/message").get<std::string>().size(), 200u);
}

}  // namespace
}  // namespace betrace::api
