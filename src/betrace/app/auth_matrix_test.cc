// Goal: no route of any listener answers anybody who may not call it, however the request is bent,
// and every route answers whoever may.
// Method: a whole service over real sockets. The rows are its own route tables; what each must ask
// for is written here again, so that a new route without an expectation fails. Each row meets every
// credential, spelling of its path, method, origin and mode. R20: none of the keys that came with
// them is in the log or in a file afterwards.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/app/service.h"
#include "betrace/base/hex.h"
#include "betrace/base/test_directory.h"
#include "betrace/bench/free_port.h"
#include "betrace/http/raw_socket.h"
#include "betrace/http/test_call_client.h"
#include "betrace/ingest/otlp_grpc_receiver.h"

namespace betrace::app {
namespace {

using http::Role;

// What the API promises. Source: docs/guide/security.md.
const std::map<std::string, Role> kPromised = {
    {"GET /v1/rules", Role::Read},
    {"POST /v1/rules", Role::Write},
    {"POST /v1/rules/validate", Role::Read},
    {"POST /v1/rules/test", Role::Read},
    {"POST /v1/rules/import", Role::Write},
    {"GET /v1/rules/export", Role::Read},
    {"GET /v1/rules/{id}", Role::Read},
    {"PUT /v1/rules/{id}", Role::Write},
    {"PATCH /v1/rules/{id}", Role::Write},
    {"DELETE /v1/rules/{id}", Role::Write},
    {"POST /v1/rules/{id}/enable", Role::Write},
    {"POST /v1/rules/{id}/disable", Role::Write},
    {"POST /v1/rules/{id}/undelete", Role::Write},
    {"GET /v1/rules/{id}/history", Role::Read},
    {"GET /v1/templates", Role::Read},
    {"POST /v1/spans", Role::Ingest},
    {"POST /v1/traces", Role::Ingest},
    {"POST /v1/metrics", Role::Ingest},
    {"POST /v1/logs", Role::Ingest},
    {"POST /v1development/profiles", Role::Ingest},
    {"GET /v1/violations", Role::Read},
    {"GET /v1/violations/stream", Role::Read},
    {"GET /v1/violations/{id}", Role::Read},
    {"GET /v1/violations/{id}/evidence", Role::Read},
    {"POST /v1/violations/resend", Role::Admin},
    {"GET /v1/evidence", Role::Read},
    {"GET /v1/evidence/keys", Role::Public},
    {"GET /v1/evidence/checkpoints", Role::Read},
    {"GET /v1/evidence/checkpoints", Role::Read},
    {"GET /v1/evidence/checkpoints/latest", Role::Read},
    {"POST /v1/evidence/keys/rotate", Role::Admin},
    {"GET /v1/evidence/export", Role::Admin},
    {"POST /v1/log/backup", Role::Admin},
    {"GET /v1/stats", Role::Read},
    {"GET /v1/limits", Role::Read},
    {"GET /v1/audit", Role::Admin},
    {"GET /v1/attributes", Role::Read},
    {"GET /health", Role::Public},
    {"GET /v1/health", Role::Public},
    {"GET /ready", Role::Public},
    {"GET /v1/ready", Role::Public},
    {"GET /metrics", Role::Public},
    {"GET /openapi.yaml", Role::Public},
    {"GET /docs", Role::Public},
    {"GET /docs.css", Role::Public},
    {"GET /", Role::Public},
    {"GET /ui/{path...}", Role::Public},
};

constexpr std::string_view kAdminKey = "admin-key-of-the-matrix-0123456789";

// The key of a role, as the key file has it.
std::string key_of(std::string_view role) { return fmt::format("{}{}", role, kAdminKey.substr(5)); }

std::string key_file() {
  std::string text;
  const auto add = [&text](std::string_view id, std::string_view role, std::string_view more) {
    text += fmt::format("- {{id: {}, roles: [{}], sha256: {}{}}}\n", id, role,
                        to_hex(sha256(key_of(id))), more);
  };
  for (const char* role : {"ingest", "read", "write", "admin"}) add(role, role, "");
  add("early", "admin", ", not_before: 2200-01-01T00:00:00Z");
  add("late", "admin", ", not_after: 2020-01-01T00:00:00Z");
  add("gone", "admin", "");
  return text;
}

class MatrixService {
 public:
  explicit MatrixService(api::AuthMode mode) : log_(everything()) {
    folder_.write("keys.yaml", key_file());
    ServiceOptions options;
    options.addresses = {"127.0.0.1"};
    options.http_port = 0;
    const auto ports = bench::free_ports<2>();
    options.otlp_http_port = ports[0];
    options.otlp_grpc_port = ports[1];
    options.storage_path = folder_.file("rules");
    options.access.rules.mode = mode;
    if (mode == api::AuthMode::On) options.access.keys_file = folder_.file("keys.yaml");
    auto started = Service::start(std::move(options), log_);
    EXPECT_TRUE(started.has_value()) << started.error().message;
    service_ = std::move(*started);
    // `gone` is rotated out while the service runs.
    std::string text = key_file();
    folder_.write("keys.yaml", text.substr(0, text.find("- {id: gone")));
    service_->reload();
  }

  ~MatrixService() {
    service_.reset();
    // Of every key, right or wrong.
    const std::string_view secret = kAdminKey.substr(kAdminKey.find('-'));
    EXPECT_EQ(lines_.find(secret), std::string::npos);
    EXPECT_EQ(folder_.files_with(secret), std::vector<std::string>());
  }
  MatrixService(const MatrixService&) = delete;
  MatrixService& operator=(const MatrixService&) = delete;

  [[nodiscard]] const Service& operator*() const { return *service_; }
  [[nodiscard]] std::uint16_t port(std::size_t table) const {
    return table == 0 ? service_->http_port() : service_->otlp_http_port();
  }

 private:
  telemetry::LogOptions everything() {
    telemetry::LogOptions options;
    options.level = telemetry::LogLevel::Debug;
    options.sink = [this](std::string_view line) { lines_ += line; };
    return options;
  }

  TestDirectory folder_;
  std::string lines_;
  telemetry::Logger log_;
  std::unique_ptr<Service> service_;
};

// A request as it is bent.
struct Bent {
  std::string method;
  std::string target;
  std::string fields;  // with their line ends
  std::string version = "HTTP/1.1";
  std::string host = "127.0.0.1";
};

int status_of_request(std::uint16_t port, const Bent& bent) {
  http::RawSocket socket(port);
  socket.send(fmt::format("{} {} {}\r\nHost: {}\r\n{}Connection: close\r\n\r\n", bent.method,
                          bent.target, bent.version, bent.host, bent.fields));
  const std::string reply = socket.reply();
  EXPECT_NE(reply.substr(0, 12), "HTTP/1.1 101");
  return http::status_of(reply);
}

struct Row {
  std::uint16_t port;
  std::string name;  // `GET /v1/rules`
  std::string method;
  std::string target;
  Role role;
};

// A field with a credential, and which role it proves; none if it proves nothing.
struct Shown {
  std::string fields;
  std::optional<Role> role;
};

std::string header(std::string_view name, std::string_view value) {
  return fmt::format("{}: {}\r\n", name, value);
}

std::vector<Shown> credentials() {
  const std::string key(kAdminKey);
  const auto api_key = [](std::string_view value) { return header("X-API-Key", value); };
  const auto bearer = [](std::string_view value) {
    return header("Authorization", fmt::format("Bearer {}", value));
  };
  std::vector<Shown> all;
  for (const auto& [name, role] :
       {std::pair("ingest", Role::Ingest), std::pair("read", Role::Read),
        std::pair("write", Role::Write), std::pair("admin", Role::Admin)}) {
    for (const std::string& shown :
         {api_key(key_of(name)), header("x-api-key", key_of(name) + "  "),
          header("X-API-Key", "\t" + key_of(name)), bearer(key_of(name)),
          bearer(" " + key_of(name)), header("authorization", "bearer " + key_of(name))}) {
      all.push_back({shown, role});
    }
    // Two are none, whichever is right.
    all.push_back({api_key(key_of(name)) + api_key("wrong"), std::nullopt});
    all.push_back({api_key("wrong") + api_key(key_of(name)), std::nullopt});
    all.push_back({api_key(key_of(name)) + bearer(key_of(name)), std::nullopt});
  }
  for (std::string wrong :
       {std::string(), std::string("wrong"), key + "0", key.substr(1),
        key.substr(0, key.size() - 1), key.substr(0, key.size() / 2), key + '\r', key + '\n',
        key + '\0', '\0' + key, key + "," + key, key + " " + key, "Bearer " + key,
        "\"" + key + "\"", to_hex(sha256(key)), key_of("early"), key_of("late"), key_of("gone")}) {
    all.push_back({api_key(wrong), std::nullopt});
    all.push_back({bearer(wrong), std::nullopt});
  }
  std::string upper = key;
  std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return std::toupper(c); });
  for (const std::string& wrong :
       {std::string(), api_key(upper), header("Cookie", "X-API-Key=" + key),
        header("Cookie", "api_key=" + key), header("X-Api-Token", key),
        header("Authorization", key), header("Authorization", "Basic " + key),
        header("Authorization", "Bearer" + key), header("X-API-Key-Bin", key),
        header("Proxy-Authorization", "Bearer " + key), header("X-Forwarded-User", "admin"),
        header("X-Forwarded-For", "127.0.0.1"), header("X-Original-URL", "/health"),
        header("X-Rewrite-URL", "/health")}) {
    all.push_back({wrong, std::nullopt});
  }
  return all;
}

bool may(const std::optional<Role>& held, Role wanted) {
  api::RoleSet roles;
  if (held) roles.add(*held);
  return roles.allows(wanted);
}

class AuthMatrixTest : public ::testing::Test {
 protected:
  explicit AuthMatrixTest(api::AuthMode mode = api::AuthMode::On) { serve(mode); }

  void serve(api::AuthMode mode) {
    service_.reset();
    service_ = std::make_unique<MatrixService>(mode);
    rows_.clear();
    const auto& tables = (**service_).tables();
    for (std::size_t table = 0; table < tables.size(); ++table) {
      for (const http::Route& route : tables[table].rows()) {
        const std::string name = route.method + " " + route.path;
        const auto promised = kPromised.find(name);
        if (promised == kPromised.end()) {
          ADD_FAILURE() << name << " is served and nobody says whom it is for";
          continue;
        }
        EXPECT_EQ(promised->second, route.role) << name;
        std::string target = route.path;
        if (const auto part = target.find('{'); part != std::string::npos) {
          target.replace(part, target.find('}') - part + 1, "some-rule");
        }
        rows_.push_back({service_->port(table), name, route.method, target, promised->second});
      }
    }
  }

  std::unique_ptr<MatrixService> service_;
  std::vector<Row> rows_;
  std::size_t cells_ = 0;
};

Bent plain(const Row& row, std::string fields) {
  return {row.method, row.target, std::move(fields)};
}

TEST_F(AuthMatrixTest, OnlyTheRightCredentialOpensARoute) {
  for (const Row& row : rows_) {
    for (const Shown& shown : credentials()) {
      const Bent bent = plain(row, shown.fields);
      ++cells_;
      const int status = status_of_request(row.port, bent);
      const bool is_malformed = status == 400 && !may(shown.role, row.role);
      const bool is_refused = status == 401 || status == 403 || is_malformed;
      const bool is_allowed = may(shown.role, row.role);
      if (row.role == Role::Public && is_malformed) continue;  // no request at all
      EXPECT_EQ(!is_refused, is_allowed) << row.name << " with " << shown.fields << status;
      if (shown.role && !is_allowed) {
        EXPECT_EQ(status, 403) << row.name << " with " << shown.fields;
      }
    }
  }
  EXPECT_GT(cells_, 2'000u);
  RecordProperty("cells", static_cast<int>(cells_));
}

TEST_F(AuthMatrixTest, NoSpellingOfAPathOpensARoute) {
  const std::string admin = header("X-API-Key", kAdminKey);
  for (const Row& row : rows_) {
    std::string encoded = row.target;
    if (encoded.size() > 1) {
      encoded =
          fmt::format("/%{:02x}{}", static_cast<unsigned char>(encoded[1]), encoded.substr(2));
    }
    const std::string query = row.target + "?X-API-Key=" + std::string(kAdminKey);
    const bool is_public = row.role == Role::Public;
    for (const std::string& target :
         {"/" + row.target, row.target + "/", "/x/.." + row.target, row.target + "/../x",
          row.target + ";a=b", row.target + "%00", row.target + "%2f", row.target + "#x"}) {
      ++cells_;
      const int status = status_of_request(row.port, {row.method, target, ""});
      EXPECT_TRUE(status == 401 || status == 400 || status == 405 || (is_public && status == 404))
          << row.name << " as " << target << " got " << status;
      const int known = status_of_request(row.port, {row.method, target, admin});
      EXPECT_TRUE(known == 404 || known == 400 || known == 405 || row.target == "/v1/rules" ||
                  row.target.ends_with("some-rule"))
          << row.name << " as " << target << " got " << known;
    }
    for (const std::string& target : {encoded, query, "http://127.0.0.1" + row.target}) {
      ++cells_;
      const int status = status_of_request(row.port, {row.method, target, ""});
      EXPECT_EQ(status == 401, !is_public) << row.name << " as " << target << " got " << status;
    }
  }
}

TEST_F(AuthMatrixTest, NoMethodVersionOrUpgradeOpensARoute) {
  for (const Row& row : rows_) {
    if (row.role == Role::Public) continue;
    const std::vector<Bent> bents = {plain(row, "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"),
                                     plain(row, "X-HTTP-Method-Override: GET\r\n"),
                                     plain(row, "X-Method-Override: OPTIONS\r\n"),
                                     {row.method, row.target, "", "HTTP/1.0"}};
    for (const Bent& bent : bents) {
      ++cells_;
      EXPECT_EQ(status_of_request(row.port, bent), 401) << row.name << " " << bent.fields;
    }
    for (const char* method : {"HEAD", "OPTIONS", "TRACE", "CONNECT", "get", "PROPFIND"}) {
      ++cells_;
      const int status = status_of_request(row.port, {method, row.target, ""});
      EXPECT_TRUE(status == 400 || status == 401 || status == 405)
          << method << " " << row.target << " got " << status;
    }
  }
}

TEST_F(AuthMatrixTest, NoPageAndNoForeignHostOpensARoute) {
  const std::string admin = header("X-API-Key", kAdminKey);
  for (const Row& row : rows_) {
    ++cells_;
    EXPECT_EQ(status_of_request(row.port, {row.method, row.target, admin, "HTTP/1.1", "evil.test"}),
              403)
        << row.name;
    for (const std::string& page :
         {header("Origin", "https://evil.test"), header("Origin", "null"),
          header("Sec-Fetch-Site", "cross-site"), header("Sec-Fetch-Site", "same-site")}) {
      ++cells_;
      const int status = status_of_request(row.port, plain(row, admin + page));
      EXPECT_EQ(status == 403, row.method != "GET") << row.name << " with " << page << status;
    }
    ++cells_;
    const int preflight =
        status_of_request(row.port, {"OPTIONS", row.target,
                                     header("Origin", "https://evil.test") +
                                         header("Access-Control-Request-Method", row.method)});
    EXPECT_EQ(preflight, 405) << row.name;
  }
}

TEST_F(AuthMatrixTest, OffAndInsecureOpenEveryRouteAndBootstrapTelemetryAlone) {
  for (const api::AuthMode mode :
       {api::AuthMode::Off, api::AuthMode::Insecure, api::AuthMode::Bootstrap}) {
    serve(mode);
    for (const Row& row : rows_) {
      const bool is_otlp = row.role == Role::Ingest && row.target != "/v1/spans";
      const bool is_open = mode != api::AuthMode::Bootstrap || row.role == Role::Public || is_otlp;
      for (const std::string& shown : {std::string(), header("X-API-Key", "wrong")}) {
        ++cells_;
        const int status = status_of_request(row.port, plain(row, shown));
        EXPECT_EQ(status == 401, !is_open) << api::name_of(mode) << " " << row.name << status;
      }
    }
  }
}

// ---- calls ----

std::string call_status(std::uint16_t port, const std::string& path, http::CallFields fields) {
  http::RawSocket socket(port);
  http::CallClient client;
  const std::int32_t stream = client.call(path, "", std::move(fields));
  socket.send(client.output());
  while (!client.answer(stream).is_closed) {
    const std::string bytes = socket.some();
    if (bytes.empty()) return "closed";
    client.receive(bytes);
    socket.send(client.output());
  }
  const std::string status = client.answer(stream).status();
  return status.empty() ? "closed" : status;
}

TEST_F(AuthMatrixTest, CallsAskForTheSame) {
  const std::uint16_t port = (**service_).otlp_grpc_port();
  const std::string exports = fmt::format("/{}/Export", ingest::kTraceService);
  const std::string key(kAdminKey);
  const std::vector<std::pair<http::CallFields, std::string>> shown = {
      {{}, "16"},
      {{{"x-api-key", ""}}, "16"},
      {{{"x-api-key", "wrong"}}, "16"},
      {{{"x-api-key", key + "0"}}, "16"},
      {{{"x-api-key", key_of("early")}}, "16"},
      {{{"x-api-key", key_of("late")}}, "16"},
      {{{"x-api-key", key_of("gone")}}, "16"},
      {{{"x-api-key-bin", key}}, "16"},
      {{{"cookie", "x-api-key=" + key}}, "16"},
      {{{"authorization", "Basic " + key}}, "16"},
      {{{"x-api-key", key}, {"authorization", "Bearer " + key}}, "16"},
      {{{"x-api-key", key_of("read")}}, "7"},
      {{{"x-api-key", key_of("write")}}, "7"},
      {{{"x-api-key", key_of("ingest")}}, "0"},
      {{{"x-api-key", key}}, "0"},
      {{{"authorization", "Bearer " + key_of("ingest")}}, "0"}};
  for (const auto& [fields, status] : shown) {
    EXPECT_EQ(call_status(port, exports, fields), status)
        << (fields.empty() ? "none" : fields.front().first + " " + fields.front().second);
    EXPECT_EQ(call_status(port, "/grpc.health.v1.Health/Check", fields), "0");
    EXPECT_EQ(call_status(port, "/x.y/Z", fields), "12");
  }
}

}  // namespace
}  // namespace betrace::app
