// Goal: what helps people to write a rule: rules to begin with, and the attributes that there are.
// Values of attributes stay hidden unless a violation would show them.

#include "betrace/api/test_api.h"

namespace betrace::api {
namespace {

class WritingAidsTest : public ApiTest {
 protected:
  // A request with one span of that service and those attributes, as JSON.
  void send_span(const std::string& service, const std::string& attributes) {
    const Json span = {{"trace_id", "4bf92f3577b34da6a3ce929d0e0e4736"},
                       {"span_id", "00f067aa0ba902b7"},
                       {"name", "a"},
                       {"service", service},
                       {"attributes", Json::parse(attributes)}};
    const std::string body = Json{{"spans", Json::array({span})}}.dump();
    ASSERT_EQ(post("/v1/spans", body).status, 202);
  }
};

TEST_F(WritingAidsTest, TemplatesAreTheRulesOfThePacks) {
  const Answer answer = get("/v1/templates");
  ASSERT_EQ(answer.status, 200);
  ASSERT_EQ(answer.json["templates"].size(), 2u);
  EXPECT_EQ(answer.at("/templates/0/pack"), "demo");
  EXPECT_EQ(answer.at("/templates/0/title"), "Slow request");
  EXPECT_EQ(answer.at("/templates/0/scope"), "span");
  EXPECT_EQ(answer.at("/templates/0/rule/severity"), "HIGH");
  EXPECT_FALSE(answer.json["templates"][0]["rule"].contains("revision"));
  EXPECT_EQ(answer.at("/templates/1/scope"), "trace");
}

TEST_F(WritingAidsTest, ATemplateCanBeCreatedAsItIs) {
  const Answer answer = get("/v1/templates");
  for (const Json& each : answer.json["templates"]) {
    EXPECT_EQ(post("/v1/rules", each["rule"].dump()).status, 201) << each["rule"];
  }
}

TEST_F(WritingAidsTest, TemplatesAreNotSentToWhoeverHasThem) {
  const std::string etag = get("/v1/templates").header("ETag");
  EXPECT_FALSE(etag.empty());
  EXPECT_EQ(get("/v1/templates", {{"If-None-Match", etag}}).status, 304);
  EXPECT_EQ(get("/v1/templates", {{"If-None-Match", "\"other\""}}).status, 200);
  EXPECT_EQ(get("/v1/templates?a=1").code(), "unknown_parameter");
}

TEST_F(WritingAidsTest, AttributesAreThoseOfTheRequestThatWasLookedAt) {
  send_span("shop", R"({"http.route": "/pay", "retries": 2})");
  send_span("shop", R"({"unseen": true})");  // 1 of 256 is looked at
  const Answer answer = get("/v1/attributes?prefix=http.&service=shop&limit=5");
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(answer.json, Json::parse(R"({"sampled": "1/256", "attributes": [
    {"key": "http.route", "in": "span", "types": ["string"], "services": ["shop"],
     "examples": []}]})"));
  EXPECT_EQ(get("/v1/attributes").json["attributes"].size(), 3u) << "service.name is the third";
  EXPECT_EQ(get("/v1/attributes?service=pay").json["attributes"].size(), 0u);
  EXPECT_EQ(get("/v1/attributes?limit=0").code(), "invalid_parameter");
}

TEST_F(WritingAidsTest, ValuesAreShownOnlyOfKeysThatAViolationWouldShow) {
  send_span("shop", R"({"card": "4711", "user.id": "ann", "amount": 5})");
  const auto examples_of = [this](const std::string& key) {
    return get("/v1/attributes?prefix=" + key).at("/attributes/0/examples");
  };
  EXPECT_EQ(examples_of("card"), Json::array());
  EXPECT_EQ(examples_of("user.id"), Json::array({"ann"})) << "user.* is allowed";
  EXPECT_EQ(examples_of("service.name"), Json::array({"shop"}));
  EXPECT_EQ(examples_of("amount"), Json::array());
  add_rule("large", "span.attributes[\"amount\"] > 3");
  EXPECT_EQ(examples_of("amount"), Json::array({5}));
}

}  // namespace
}  // namespace betrace::api
