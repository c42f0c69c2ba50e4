// Goal: a path finds its row and nothing else; wrong methods are told which are right.
#include "betrace/http/route_table.h"

#include <gtest/gtest.h>

#include <string>
#include <type_traits>
#include <utility>

namespace betrace::http {
namespace {

Route row(std::string method, std::string path, Role role = Role::Read) {
  return Route{.method = std::move(method),
               .path = std::move(path),
               .role = role,
               .handler = [](const Request&, const PathParameters&) { return empty_response(); }};
}

RouteTable table() {
  RouteTable routes;
  routes.add(row("GET", "/v1/rules"));
  routes.add(row("POST", "/v1/rules", Role::Write));
  routes.add(row("GET", "/v1/rules/{id}"));
  routes.add(row("DELETE", "/v1/rules/{rule}", Role::Write));
  routes.add(row("POST", "/v1/rules/validate"));
  routes.add(row("POST", "/v1/rules/{id}/enable"));
  routes.add(row("GET", "/ui/"));
  routes.add(row("GET", "/ui/{file...}"));
  routes.add(row("GET", "/"));
  return routes;
}

std::string found(const RouteTable& routes, std::string_view method, std::string_view path) {
  const RouteMatch match = routes.match(method, path);
  switch (match.kind) {
    case RouteMatch::Kind::Found:
      return match.route->method + " " + match.route->path;
    case RouteMatch::Kind::NoSuchMethod:
      return "405 " + match.allow;
    case RouteMatch::Kind::NoSuchPath:
      break;
  }
  return "404";
}

TEST(RouteTableTest, FindsTheRowOfAPath) {
  const RouteTable routes = table();
  EXPECT_EQ(found(routes, "GET", "/v1/rules"), "GET /v1/rules");
  EXPECT_EQ(found(routes, "POST", "/v1/rules"), "POST /v1/rules");
  EXPECT_EQ(found(routes, "GET", "/v1/rules/a"), "GET /v1/rules/{id}");
  EXPECT_EQ(found(routes, "DELETE", "/v1/rules/a"), "DELETE /v1/rules/{rule}");
  EXPECT_EQ(found(routes, "POST", "/v1/rules/a/enable"), "POST /v1/rules/{id}/enable");
  EXPECT_EQ(found(routes, "GET", "/"), "GET /");
  EXPECT_EQ(found(routes, "GET", "/ui/"), "GET /ui/");
}

TEST(RouteTableTest, FoldsNoSlashAndTakesNoPrefix) {
  const RouteTable routes = table();
  for (const char* path : {"/v1/rules/", "/v1/rules/a/", "//v1/rules", "/v1//rules", "/v1", "/v1/",
                           "/v1/rules/a/enable/", "/v1/rules//enable", "/V1/rules", "", "v1/rules",
                           "/ui", "/v1/rulesx"}) {
    EXPECT_EQ(found(routes, "GET", path), "404") << path;
  }
}

TEST(RouteTableTest, AnswersHeadWhereverGetIs) {
  const RouteTable routes = table();
  EXPECT_EQ(found(routes, "HEAD", "/v1/rules"), "GET /v1/rules");
  EXPECT_EQ(found(routes, "HEAD", "/v1/rules/validate"), "405 POST");
}

TEST(RouteTableTest, NamesTheMethodsOfAPath) {
  const RouteTable routes = table();
  EXPECT_EQ(found(routes, "PUT", "/v1/rules"), "405 GET, HEAD, POST");
  EXPECT_EQ(found(routes, "get", "/v1/rules"), "405 GET, HEAD, POST");
  EXPECT_EQ(found(routes, "OPTIONS", "/v1/rules/a"), "405 GET, HEAD, DELETE");
  EXPECT_EQ(routes.match("PUT", "/v1/rules").route->path, "/v1/rules");
}

TEST(RouteTableTest, PrefersTheLiteralSegment) {
  const RouteTable routes = table();
  EXPECT_EQ(found(routes, "POST", "/v1/rules/validate"), "POST /v1/rules/validate");
  EXPECT_EQ(found(routes, "DELETE", "/v1/rules/validate"), "405 POST");
}

TEST(RouteTableTest, GivesTheValuesOfThePathsParts) {
  const RouteTable routes = table();
  EXPECT_EQ(routes.match("GET", "/v1/rules/a b").parameters.at("id"), "a b");
  EXPECT_EQ(routes.match("DELETE", "/v1/rules/x").parameters.at("rule"), "x");
  EXPECT_EQ(routes.match("GET", "/ui/assets/x.js").parameters.at("file"), "assets/x.js");
}

TEST(RouteTableDeathTest, RefusesTheSameRowTwice) {
  RouteTable routes = table();
  EXPECT_DEATH(routes.add(row("GET", "/v1/rules/{other}")), "shape_of");
  EXPECT_DEATH(routes.add(row("GET", "no-slash")), "starts_with");
}

TEST(RouteTest, DoesNotCompileWithoutARole) {
  EXPECT_FALSE(std::is_default_constructible_v<RequiredRole>);
  EXPECT_FALSE(std::is_default_constructible_v<Route>);
}

}  // namespace
}  // namespace betrace::http
