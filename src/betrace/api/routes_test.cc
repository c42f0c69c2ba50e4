// Goal: the table has exactly the documented routes of this version, each with its role and limits.
// Method: the list below has the roles and limits; the table of docs/guide/api.md is read too, so
// that a route of either that the other lacks is seen.

#include "betrace/api/routes.h"

#include <algorithm>
#include <fstream>
#include <set>

#include "betrace/api/test_api.h"

namespace betrace::api {
namespace {

using http::RateClass;
using http::Role;

struct Expected {
  const char* route;
  Role role;
  RateClass rate;
  std::size_t body_bytes_max;
};

constexpr std::size_t kRest = 1024 * 1024;
constexpr std::size_t kImport = 10 * 1024 * 1024;

constexpr Expected kRoutes[] = {
    {"GET /v1/rules", Role::Read, RateClass::Read, 0},
    {"POST /v1/rules", Role::Write, RateClass::Write, kRest},
    {"GET /v1/rules/{id}", Role::Read, RateClass::Read, 0},
    {"PUT /v1/rules/{id}", Role::Write, RateClass::Write, kRest},
    {"PATCH /v1/rules/{id}", Role::Write, RateClass::Write, kRest},
    {"DELETE /v1/rules/{id}", Role::Write, RateClass::Write, 0},
    {"POST /v1/rules/{id}/enable", Role::Write, RateClass::Write, kRest},
    {"POST /v1/rules/{id}/disable", Role::Write, RateClass::Write, kRest},
    {"POST /v1/rules/{id}/undelete", Role::Write, RateClass::Write, kRest},
    {"GET /v1/rules/{id}/history", Role::Read, RateClass::Read, 0},
    {"POST /v1/rules/validate", Role::Read, RateClass::Compute, kRest},
    {"POST /v1/rules/test", Role::Read, RateClass::Compute, kImport},
    {"POST /v1/rules/import", Role::Write, RateClass::Write, kImport},
    {"GET /v1/rules/export", Role::Read, RateClass::Compute, 0},
    {"POST /v1/spans", Role::Ingest, RateClass::Ingest, kImport},
    {"GET /v1/violations", Role::Read, RateClass::Read, 0},
    {"GET /v1/violations/stream", Role::Read, RateClass::Read, 0},
    {"POST /v1/violations/resend", Role::Admin, RateClass::Write, kRest},
    {"GET /v1/violations/{id}", Role::Read, RateClass::Read, 0},
    {"GET /v1/violations/{id}/evidence", Role::Read, RateClass::Read, 0},
    {"GET /v1/evidence", Role::Read, RateClass::Read, 0},
    {"GET /v1/evidence/keys", Role::Public, RateClass::Read, 0},
    {"POST /v1/evidence/keys/rotate", Role::Admin, RateClass::Write, kRest},
    {"GET /v1/evidence/checkpoints", Role::Read, RateClass::Read, 0},
    {"GET /v1/evidence/checkpoints/latest", Role::Read, RateClass::Read, 0},
    {"GET /v1/evidence/export", Role::Admin, RateClass::Compute, 0},
    {"GET /v1/audit", Role::Admin, RateClass::Read, 0},
    {"GET /v1/stats", Role::Read, RateClass::Read, 0},
    {"POST /v1/log/backup", Role::Admin, RateClass::Write, kRest},
    {"GET /v1/limits", Role::Read, RateClass::Read, 0},
    {"GET /health", Role::Public, RateClass::None, 0},
    {"GET /v1/attributes", Role::Read, RateClass::Read, 0},
    {"GET /v1/templates", Role::Read, RateClass::Read, 0},
    {"GET /v1/health", Role::Public, RateClass::None, 0},
    {"GET /ready", Role::Public, RateClass::None, 0},
    {"GET /v1/ready", Role::Public, RateClass::None, 0},
    {"GET /metrics", Role::Public, RateClass::None, 0},
};

class RoutesTest : public ApiTest {
 protected:
  std::vector<http::Route> routes() { return api_routes(parts(), options()); }
};

TEST_F(RoutesTest, AreThoseOfThisVersionWithTheirRolesAndLimits) {
  const auto rows = routes();
  EXPECT_EQ(rows.size(), std::size(kRoutes));
  for (const Expected& expected : kRoutes) {
    const auto row = std::find_if(rows.begin(), rows.end(), [&expected](const http::Route& known) {
      return known.method + " " + known.path == expected.route;
    });
    ASSERT_NE(row, rows.end()) << expected.route;
    EXPECT_TRUE(row->role == expected.role) << expected.route;
    EXPECT_EQ(row->rate, expected.rate) << expected.route;
    EXPECT_EQ(row->body_bytes_max, expected.body_bytes_max) << expected.route;
  }
}

// What stands between backticks in the first column of the table of routes.
std::set<std::string> documented_routes() {
  std::ifstream page(BETRACE_SOURCE_DIR "/docs/guide/api.md");
  std::set<std::string> found;
  bool is_table = false;
  for (std::string line; std::getline(page, line);) {
    is_table = is_table || line.starts_with("| Method and path |");
    if (is_table && line.empty()) break;
    const std::string cell = line.substr(0, line.find(" | ", 2));
    for (std::size_t at = cell.find('`'); is_table && at != cell.npos;
         at = cell.find('`', at + 1)) {
      const std::size_t end = cell.find('`', at + 1);
      found.insert(cell.substr(at + 1, end - at - 1));
      at = end;
    }
  }
  return found;
}

TEST_F(RoutesTest, AgreeWithTheTableOfTheirPage) {
  std::set<std::string> documented = documented_routes();
  EXPECT_EQ(documented.erase("POST /v1/traces"), 1u) << "that of ingest/";
  EXPECT_EQ(documented.erase("GET /openapi.yaml"), 1u) << "made from all rows";
  EXPECT_EQ(documented.erase("GET /docs"), 1u) << "likewise";
  std::set<std::string> ours;
  for (const http::Route& row : routes()) ours.insert(row.method + " " + row.path);
  EXPECT_EQ(ours, documented);
}

TEST_F(RoutesTest, UnknownPathsAndMethodsAreAnsweredAsErrors) {
  const Answer unknown = get("/v1/nothing");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.code(), "not_found");
  EXPECT_EQ(unknown.at("/message"), unknown.at("/error/message"));
  EXPECT_EQ(get("/v1/rules/").status, 404);
  EXPECT_EQ(get("//v1/rules").status, 404);
  const Answer method = call("PUT", "/v1/rules", "{}");
  EXPECT_EQ(method.status, 405);
  EXPECT_EQ(method.code(), "method_not_allowed");
  EXPECT_EQ(method.header("Allow"), "GET, HEAD, POST");
}

TEST_F(RoutesTest, EveryAnswerCarriesTheRequestIdAndSecurityHeaders) {
  const Answer answer = get("/v1/rules/none", {{"X-Request-Id", "r-7"}});
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.header("X-Request-Id"), "r-7");
  EXPECT_EQ(answer.at("/error/request_id"), "r-7");
  EXPECT_EQ(answer.header("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(answer.header("Cache-Control"), "no-store");
  EXPECT_EQ(answer.header("Content-Type"), "application/json; charset=utf-8");
}

TEST_F(RoutesTest, ATypeThatIsNotOfferedIsRefused) {
  EXPECT_EQ(get("/v1/rules", {{"Accept", "text/html"}}).code(), "not_acceptable");
  EXPECT_EQ(get("/v1/rules", {{"Accept", "*/*"}}).status, 200);
}

}  // namespace
}  // namespace betrace::api
