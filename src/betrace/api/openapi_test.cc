// Goal: the OpenAPI document says what the router does: every route and no other, with the role,
// the body and the parameters that its handler really takes; and the page shows all of it.
// Method: the document is read back from its YAML. Which parameters a handler knows it says itself
// when it is asked for one that there is none of.

#include <algorithm>
#include <set>
#include <string>

#include "betrace/api/document_routes.h"
#include "betrace/api/openapi_document.h"
#include "betrace/api/openapi_page.h"
#include "betrace/api/operation_catalog.h"
#include "betrace/api/role_set.h"
#include "betrace/api/test_api.h"
#include "betrace/base/ascii.h"
#include "betrace/storage/yaml.h"

namespace betrace::api {
namespace {

constexpr std::size_t kAnySize = 10 << 20;

class OpenApiTest : public ApiTest {
 protected:
  OpenApiTest() {
    rows_ = api_routes(parts(), options());
    add_document_routes(&rows_);
    text_ = served("/openapi.yaml").body;
    auto document = storage::yaml_to_json(text_, kAnySize);
    if (!document) throw std::runtime_error(document.error().message);
    document_ = std::move(*document);
  }

  http::Response served(const std::string& path) const {
    const auto row = std::ranges::find(rows_, path, &http::Route::path);
    EXPECT_NE(row, rows_.end());
    const http::RequestHead head;
    return row->handler(http::Request{head, ""}, {});
  }

  const Json& operation_of(const http::Route& row) const {
    return document_.at("paths").at(row.path).at(lower_case(row.method));
  }

  std::vector<http::Route> rows_;
  std::string text_;
  Json document_;
};

TEST_F(OpenApiTest, HasEveryRouteOfTheRouterAndNoOther) {
  std::set<std::string> documented;
  for (const auto& path : document_["paths"].items()) {
    for (const auto& method : path.value().items()) {
      documented.insert(method.key() + " " + path.key());
    }
  }
  std::set<std::string> served;
  for (const http::Route& row : rows_) served.insert(lower_case(row.method) + " " + row.path);
  EXPECT_EQ(documented, served);
  EXPECT_GT(served.size(), 30u);
}

TEST_F(OpenApiTest, DescribesEveryRouteAndDescribesNoneTwice) {
  std::set<std::string> ids;
  for (const http::Route& row : rows_) {
    const Json& operation = operation_of(row);
    ASSERT_TRUE(operation.contains("operationId")) << row.method << " " << row.path;
    EXPECT_TRUE(ids.insert(operation["operationId"].get<std::string>()).second) << row.path;
    EXPECT_TRUE(operation.contains("summary")) << row.path;
    EXPECT_EQ(operation.contains("requestBody"), row.body_bytes_max > 0) << row.path;
  }
}

TEST_F(OpenApiTest, SaysOfEveryRouteWhoMayCallItAndWhatABodyMayBe) {
  for (const http::Route& row : rows_) {
    const Json& operation = operation_of(row);
    const Json security = operation["security"];
    if (row.role == http::Role::Public) {
      EXPECT_TRUE(security.empty()) << row.path;
    } else {
      EXPECT_EQ(security[0]["bearer"][0], name_of(row.role)) << row.path;
    }
    if (row.body_bytes_max == 0) continue;
    std::set<std::string> types;
    for (const auto& type : operation["requestBody"]["content"].items()) types.insert(type.key());
    EXPECT_EQ(types, std::set<std::string>(row.content_types.begin(), row.content_types.end()));
  }
}

TEST_F(OpenApiTest, EveryReferenceLeadsSomewhereAndEveryPartIsReferredTo) {
  std::set<std::string> wanted;
  const auto visit = [&](const Json& value, const auto& self) -> void {
    if (value.is_object() && value.contains("$ref")) wanted.insert(value["$ref"]);
    for (const Json& below : value) {
      if (below.is_structured()) self(below, self);
    }
  };
  visit(document_, visit);
  for (const std::string& reference : wanted) {
    EXPECT_TRUE(document_.contains(Json::json_pointer(reference.substr(1)))) << reference;
  }
  wanted.insert("#/components/responses/OtlpError");  // of a route that app/ adds,
  for (const char* schema : {"RpcStatus", "OtlpTaken", "OtlpTraces"}) {  // with these
    wanted.insert(std::string("#/components/schemas/") + schema);
  }
  for (const char* kind : {"schemas", "parameters", "responses"}) {
    for (const auto& part : document_["components"][kind].items()) {
      const std::string reference = std::string("#/components/") + kind + "/" + part.key();
      EXPECT_TRUE(wanted.contains(reference)) << reference << " is used nowhere";
    }
  }
}

// The names after `known:` of the refusal; nothing if the handler takes any parameter.
std::optional<std::set<std::string>> parameters_known(const Answer& answer) {
  const std::string text = answer.at("/message").is_string() ? answer.at("/message") : "";
  const std::string mark = "known: ";
  const std::size_t at = text.find(mark);
  if (at == std::string::npos) return std::nullopt;
  std::set<std::string> names;
  std::string rest = text.substr(at + mark.size());
  while (!rest.empty() && rest != "none") {
    const std::size_t comma = std::min(rest.find(", "), rest.size());
    names.insert(rest.substr(0, comma));
    rest.erase(0, comma + 2);
  }
  return names;
}

TEST_F(OpenApiTest, NamesTheParametersThatTheHandlersKnow) {
  add_rule("some");
  std::size_t asked = 0;
  for (const http::Route& row : rows_) {
    if (!row.path.starts_with("/v1/") || row.body_bytes_max > 0) continue;
    std::string target = row.path;
    if (const std::size_t part = target.find("{id}"); part != std::string::npos) {
      target.replace(part, 4, "some");
    }
    const auto known = parameters_known(call(row.method, target + "?no_such=1"));
    if (!known) continue;
    std::set<std::string> documented;
    const Json& operation = operation_of(row);
    for (const Json& each : operation.value("parameters", Json::array())) {
      if (!each.contains("$ref")) continue;
      const std::string reference = each["$ref"];
      const Json& parameter = document_.at(Json::json_pointer(reference.substr(1)));
      if (parameter["in"] == "query") documented.insert(parameter["name"]);
    }
    EXPECT_EQ(documented, *known) << row.method << " " << row.path;
    ++asked;
  }
  EXPECT_GT(asked, 15u);
}

TEST_F(OpenApiTest, TheCatalogueHasNoRowOfARouteThatIsGone) {
  std::set<std::string> served;
  for (const http::Route& row : rows_) served.insert(row.method + " " + row.path);
  for (const Operation& operation : operation_catalog()) {
    const bool is_of_another_module = operation.route == "POST /v1/traces" ||
                                      operation.route == "GET /" ||
                                      operation.route.starts_with("GET /ui/");
    EXPECT_TRUE(is_of_another_module || served.contains(std::string(operation.route)))
        << operation.route;
  }
}

TEST_F(OpenApiTest, ThePageShowsEveryOperationAndAsksNoOtherHost) {
  const http::Response page = served("/docs");
  for (const http::Route& row : rows_) {
    const std::string id = operation_of(row)["operationId"];
    EXPECT_NE(page.body.find("<section id=\"" + id + "\">"), std::string::npos) << id;
  }
  EXPECT_EQ(page.body.find("http://"), std::string::npos);
  EXPECT_EQ(page.body.find("https://"), std::string::npos);
  EXPECT_EQ(page.body.find("<script"), std::string::npos);
  EXPECT_EQ(page.body.find(" style="), std::string::npos);
  EXPECT_NE(page.body.find("href=\"/docs.css\""), std::string::npos);
  EXPECT_FALSE(served("/docs.css").body.empty());
}

TEST(OpenApiPageTest, TextIsNoMarkupAndBackticksAreCode) {
  const Json document = Json::parse(R"({
    "info": {"version": "<1>"}, "tags": [{"name": "T&T"}], "components": {"schemas": {}},
    "paths": {"/a": {"get": {"operationId": "a", "tags": ["T&T"], "summary": "`x` < y",
      "responses": {}, "security": []}}}})");
  const std::string page = openapi_page(document);
  EXPECT_NE(page.find("Version &lt;1&gt;"), std::string::npos);
  EXPECT_NE(page.find("<h2>T&amp;T</h2>"), std::string::npos);
  EXPECT_NE(page.find("<code>x</code> &lt; y."), std::string::npos);
}

TEST(OpenApiDocumentTest, ARouteThatNobodyDescribedStandsInItAllTheSame) {
  const std::vector<http::Route> rows = {{.method = "DELETE",
                                          .path = "/v1/unheard-of/{rest...}",
                                          .role = http::Role::Admin,
                                          .handler = {}}};
  const auto document = storage::yaml_to_json(openapi_document(rows), kAnySize);
  ASSERT_TRUE(document.has_value());
  const Json& operation = (*document)["paths"]["/v1/unheard-of/{rest}"]["delete"];
  EXPECT_EQ(operation["security"][1]["apiKey"][0], "admin");
  EXPECT_EQ(operation["parameters"][0]["name"], "rest");
}

}  // namespace
}  // namespace betrace::api
