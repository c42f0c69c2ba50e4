// Goal: whoever shows a credential exactly once gets exactly its roles, in every mode; strangers
// learn nothing but 401.
// Method: requests as the listeners hand them over; time is set by hand.

#include "betrace/api/access.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "betrace/otlp/export_response.h"

namespace betrace::api {
namespace {

using http::HeaderView;
using http::RateClass;
using http::Role;

constexpr UnixNanos kTime = 1'769'853'600 * kNanosPerSecond;

http::Route route_of(Role role, RateClass rate = RateClass::None, std::string path = "/v1/rules") {
  return http::Route{.method = "GET",
                     .path = std::move(path),
                     .role = role,
                     .handler = [](const auto&, const auto&) { return http::empty_response(); },
                     .rate = rate};
}

class AccessTest : public ::testing::Test {
 protected:
  Access& make(AuthMode mode, bool is_ingest_anonymous = false) {
    options_.mode = mode;
    options_.auth_failures = {10, 20};
    options_.is_ingest_anonymous = is_ingest_anonymous;
    options_.clock = [this] { return now_; };
    access_ = std::make_unique<Access>(options_, metrics_);
    std::vector<ApiKey> keys;
    for (const Role role : {Role::Ingest, Role::Read, Role::Write, Role::Admin}) {
      const std::string name(name_of(role));
      keys.push_back({name, {role}, sha256(name + " key"), {name + ".example"}});
    }
    keys.push_back({"early", {Role::Admin}, sha256("early key"), {}, kTime + 1});
    keys.push_back({"late", {Role::Admin}, sha256("late key"), {}, 0, kTime});
    access_->set_keys(KeyRing(std::move(keys)));
    return *access_;
  }

  // Status of the refusal, 0 if there is none.
  int ask(const http::Route* route, const std::vector<HeaderView>& fields) {
    head_ = http::RequestHead();
    head_.path = route == nullptr ? "/nothing" : route->path;
    head_.remote_address = "10.0.0.7";
    head_.certificate_names = names_;
    for (const HeaderView& field : fields) head_.headers.add(field.name, field.value);
    problem_ = access_->authorize(head_, route);
    return problem_ ? problem_->status : 0;
  }
  int ask(Role role, const std::vector<HeaderView>& fields) {
    const http::Route route = route_of(role);
    return ask(&route, fields);
  }

  AccessOptions options_;
  telemetry::Metrics metrics_;
  Now now_{MonotonicTime(), kTime};
  std::unique_ptr<Access> access_;
  http::RequestHead head_;
  std::optional<http::Problem> problem_;
  std::vector<std::string> names_;
};

TEST_F(AccessTest, EachRoleAllowsWhatItIncludes) {
  make(AuthMode::On);
  const std::vector<std::pair<Role, std::vector<Role>>> allowed = {
      {Role::Ingest, {Role::Ingest}},
      {Role::Read, {Role::Read}},
      {Role::Write, {Role::Read, Role::Write}},
      {Role::Admin, {Role::Ingest, Role::Read, Role::Write, Role::Admin}}};
  for (const auto& [held, roles] : allowed) {
    const std::string key = std::string(name_of(held)) + " key";
    for (const Role wanted : {Role::Ingest, Role::Read, Role::Write, Role::Admin}) {
      const bool may = std::ranges::find(roles, wanted) != roles.end();
      EXPECT_EQ(ask(wanted, {{"X-API-Key", key}}), may ? 0 : 403) << key << name_of(wanted);
      EXPECT_EQ(head_.actor, "key:" + std::string(name_of(held)));
      EXPECT_EQ(ask(wanted, {{"authorization", "bearer  " + key}}), may ? 0 : 403);
    }
    EXPECT_EQ(ask(Role::Public, {{"X-API-Key", key}}), 0);
    EXPECT_EQ(ask(nullptr, {{"X-API-Key", key}}), 0) << "then the server says 404";
  }
  EXPECT_EQ(ask(Role::Public, {}), 0);
  EXPECT_EQ(ask(nullptr, {}), 401);
}

TEST_F(AccessTest, ACredentialIsShownExactlyOnceAndWhole) {
  make(AuthMode::On);
  const std::vector<std::vector<HeaderView>> wrong = {
      {},
      {{"X-API-Key", ""}},
      {{"X-API-Key", "admin ke"}},
      {{"X-API-Key", "admin key "}},
      {{"X-API-Key", "ADMIN KEY"}},
      {{"X-API-Key", "admin key,admin key"}},
      {{"X-API-Key", "admin key"}, {"X-API-Key", "admin key"}},
      {{"X-API-Key", "admin key"}, {"X-API-Key", "wrong"}},
      {{"X-API-Key", "admin key"}, {"Authorization", "Bearer admin key"}},
      {{"X-API-Key", "admin key"}, {"Authorization", "Bearer"}},
      {{"Authorization", "Basic admin key"}},
      {{"Authorization", "Beareradmin key"}},
      {{"Authorization", "admin key"}},
      {{"Cookie", "X-API-Key=admin key"}},
      {{"X-API-Key-bin", "admin key"}},
      {{"X-API-Key", "early key"}},
      {{"X-API-Key", "late key"}}};
  for (const auto& fields : wrong) {
    EXPECT_EQ(ask(Role::Read, fields), 401) << (fields.empty() ? "none" : fields.front().value);
    EXPECT_EQ(problem_->message, "a valid credential is needed") << "the same for every reason";
    EXPECT_EQ(head_.reply_headers.find("WWW-Authenticate"), "Bearer realm=\"betrace\"");
    EXPECT_EQ(head_.actor, "");
    now_.monotonic += std::chrono::seconds(1);
  }
  EXPECT_EQ(ask(Role::Read, {{"X-API-Key", "admin key"}, {"Authorization", "Basic x"}}), 0)
      << "a proxy has a scheme of its own";
}

TEST_F(AccessTest, TheHeaderCanHaveAnotherName) {
  options_.key_header = "X-Our-Key";
  make(AuthMode::On);
  EXPECT_EQ(ask(Role::Read, {{"x-our-key", "read key"}}), 0);
  EXPECT_EQ(ask(Role::Read, {{"X-API-Key", "read key"}}), 401);
}

TEST_F(AccessTest, ACertificateProvesARoleUnlessAKeyIsShown) {
  make(AuthMode::On);
  names_ = {"unknown.example", "write.example"};
  EXPECT_EQ(ask(Role::Write, {}), 0);
  EXPECT_EQ(head_.actor, "key:write");
  EXPECT_EQ(ask(Role::Admin, {}), 403);
  EXPECT_EQ(ask(Role::Admin, {{"X-API-Key", "admin key"}}), 0);
  EXPECT_EQ(ask(Role::Write, {{"X-API-Key", "wrong"}}), 401);
  names_ = {"unknown.example"};
  EXPECT_EQ(ask(Role::Read, {}), 401);
}

TEST_F(AccessTest, OffAndInsecureAreOpen) {
  for (const AuthMode mode : {AuthMode::Off, AuthMode::Insecure}) {
    make(mode);
    EXPECT_EQ(ask(Role::Admin, {}), 0);
    EXPECT_EQ(ask(Role::Admin, {{"X-API-Key", "wrong"}}), 0);
    EXPECT_EQ(ask(nullptr, {}), 0);
  }
}

TEST_F(AccessTest, BootstrapTakesTelemetryFromAnyoneAndNothingElse) {
  make(AuthMode::Bootstrap);
  const http::Route otlp = route_of(Role::Ingest, RateClass::Ingest, "/v1/traces");
  const http::Route json = route_of(Role::Ingest, RateClass::Ingest, "/v1/spans");
  EXPECT_EQ(ask(&otlp, {}), 0);
  EXPECT_EQ(ask(&json, {}), 401);
  EXPECT_EQ(ask(Role::Read, {}), 401);
  EXPECT_EQ(ask(Role::Public, {}), 0);
  EXPECT_EQ(ask(Role::Admin, {{"X-API-Key", "admin key"}}), 0);
}

TEST_F(AccessTest, AnonymousIngestOpensIngestAlone) {
  make(AuthMode::On, true);
  EXPECT_EQ(ask(Role::Ingest, {}), 0);
  EXPECT_EQ(ask(Role::Read, {}), 401);
}

TEST_F(AccessTest, CallsAreJudgedLikeRequests) {
  make(AuthMode::On);
  const http::CallMethod method{.path = "/x/Export",
                                .label = "Export",
                                .role = Role::Ingest,
                                .handler = [](const http::Call&) { return http::CallReply(); }};
  const auto code = [&](std::string_view name, std::string_view value) {
    http::CallHead head;
    head.metadata.add(name, value);
    const auto status = access_->authorize(head, method);
    return status ? status->code : RpcCode::Ok;
  };
  EXPECT_EQ(code("x-api-key", "ingest key"), RpcCode::Ok);
  EXPECT_EQ(code("authorization", "Bearer ingest key"), RpcCode::Ok);
  EXPECT_EQ(code("x-api-key", "read key"), RpcCode::PermissionDenied);
  EXPECT_EQ(code("x-api-key", "wrong"), RpcCode::Unauthenticated);
  EXPECT_EQ(code("x-api-key-bin", "ingest key"), RpcCode::Unauthenticated);
}

TEST_F(AccessTest, AfterTwentyFailuresAnAddressIsToldToWaitButAKeyStillOpens) {
  make(AuthMode::On);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(ask(Role::Read, {{"X-API-Key", "wrong"}}), 401);
  EXPECT_EQ(ask(Role::Read, {{"X-API-Key", "wrong"}}), 429);
  EXPECT_EQ(problem_->code, "rate_limited");
  EXPECT_EQ(problem_->retry_after, 1u);
  EXPECT_EQ(ask(Role::Read, {{"X-API-Key", "read key"}}), 0);
  now_.monotonic += std::chrono::milliseconds(100);
  EXPECT_EQ(ask(Role::Read, {{"X-API-Key", "wrong"}}), 401);
  EXPECT_EQ(ask(Role::Read, {{"X-API-Key", "wrong"}}), 429);
}

TEST_F(AccessTest, RequestsAreBoundedByClassForEachCredential) {
  options_.compute = {1, 2};
  make(AuthMode::On);
  const http::Route route = route_of(Role::Read, RateClass::Compute);
  EXPECT_EQ(ask(&route, {{"X-API-Key", "read key"}}), 0);
  EXPECT_EQ(head_.reply_headers.find("X-RateLimit-Limit"), "2");
  EXPECT_EQ(head_.reply_headers.find("X-RateLimit-Remaining"), "1");
  EXPECT_EQ(head_.reply_headers.find("X-RateLimit-Reset"),
            std::to_string(kTime / kNanosPerSecond + 1));
  EXPECT_EQ(ask(&route, {{"X-API-Key", "read key"}}), 0);
  EXPECT_EQ(ask(&route, {{"X-API-Key", "read key"}}), 429);
  EXPECT_EQ(problem_->retry_after, 1u);
  EXPECT_EQ(ask(&route, {{"X-API-Key", "write key"}}), 0) << "another credential";
  EXPECT_EQ(ask(Role::Read, {{"X-API-Key", "read key"}}), 0) << "another class";
}

TEST_F(AccessTest, WithoutCredentialsRequestsAreBoundedByAddressAndZeroIsOff) {
  options_.read = {1, 1};
  options_.write = {0, 0};
  make(AuthMode::Off);
  const http::Route read = route_of(Role::Read, RateClass::Read);
  const http::Route write = route_of(Role::Write, RateClass::Write);
  EXPECT_EQ(ask(&read, {}), 0);
  EXPECT_EQ(ask(&read, {}), 429);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(ask(&write, {}), 0);
  EXPECT_FALSE(head_.reply_headers.contains("X-RateLimit-Limit"));
}

TEST_F(AccessTest, ReasonsAreCountedAndNoKeyIsAmongThem) {
  make(AuthMode::On);
  ask(Role::Read, {});
  ask(Role::Read, {{"X-API-Key", "canary-7f3a"}});
  ask(Role::Read, {{"X-API-Key", "late key"}});
  ask(Role::Read, {{"X-API-Key", "ingest key"}});
  const std::string text = metrics_.render(telemetry::ExpositionFormat::Prometheus);
  for (const std::string reason : {"missing", "invalid", "expired", "role"}) {
    EXPECT_NE(text.find("betrace_auth_failures_total{reason=\"" + reason + "\"} 1\n"),
              std::string::npos)
        << reason;
  }
  EXPECT_EQ(text.find("canary"), std::string::npos);
}

TEST_F(AccessTest, ASenderThatOwesSpansIsToldToComeBackAndOthersAreNot) {
  options_.ingest = {100, 1'000};
  make(AuthMode::On);
  const http::Route traces = route_of(Role::Ingest, RateClass::Ingest, "/v1/traces");
  const std::vector<HeaderView> key = {{"X-API-Key", "ingest key"}};
  EXPECT_EQ(ask(&traces, key), 0);
  EXPECT_EQ(head_.reply_headers.find("X-RateLimit-Limit"), "1000");
  EXPECT_EQ(head_.reply_headers.find("X-RateLimit-Remaining"), "1000");
  access_->spans_taken("key:ingest", "10.0.0.7", 1'000);
  EXPECT_EQ(ask(&traces, key), 429) << "nothing is left";
  EXPECT_EQ(problem_->code, "rate_limited");
  EXPECT_EQ(problem_->retry_after, 1u);
  EXPECT_EQ(head_.reply_headers.find("X-RateLimit-Remaining"), "0");
  EXPECT_EQ(head_.reply_headers.find("X-RateLimit-Reset"),
            std::to_string(kTime / kNanosPerSecond + 10));
  EXPECT_EQ(ask(&traces, {{"X-API-Key", "admin key"}}), 0);
  EXPECT_EQ(metrics_.value(telemetry::MetricId::Refused, {"ingest_rate", "http_protobuf"}), 1);
  now_.monotonic += std::chrono::milliseconds(10);
  EXPECT_EQ(ask(&traces, key), 0) << "one has come back";
  access_->spans_taken("key:ingest", "10.0.0.7", 20'000);
  EXPECT_EQ(ask(&traces, key), 429);
  EXPECT_EQ(problem_->retry_after, 10u) << "never longer, whatever is owed";
}

TEST_F(AccessTest, WithoutCredentialsTheAddressOwes) {
  options_.ingest = {100, 1'000};
  make(AuthMode::Off);
  const http::Route spans = route_of(Role::Ingest, RateClass::Ingest, "/v1/spans");
  access_->spans_taken("", "10.0.0.7", 1'000);
  EXPECT_EQ(ask(&spans, {}), 429);
  EXPECT_EQ(metrics_.value(telemetry::MetricId::Refused, {"ingest_rate", "json"}), 1);
  access_->spans_taken("", "10.0.0.8", 1'000'000);
  now_.monotonic += std::chrono::seconds(1);
  EXPECT_EQ(ask(&spans, {}), 0);
}

TEST_F(AccessTest, ACallOfASenderThatOwesSpansIsExhaustedWithRetryInfo) {
  options_.ingest = {100, 1'000};
  make(AuthMode::Off);
  const http::CallMethod receive{.path = "/x/Export",
                                 .label = "Export",
                                 .role = Role::Ingest,
                                 .handler = [](const http::Call&) { return http::CallReply{}; }};
  http::CallMethod health = receive;
  health.role = Role::Public;
  http::CallHead head;
  head.path = receive.path;
  head.remote_address = "10.0.0.7";
  EXPECT_EQ(access_->authorize(head, receive), std::nullopt);
  access_->spans_taken("", "10.0.0.7", 1'300);
  const auto status = access_->authorize(head, receive);
  ASSERT_TRUE(status.has_value());
  EXPECT_EQ(status->code, RpcCode::ResourceExhausted);
  otlp::RpcStatus expected{
      RpcCode::ResourceExhausted, status->message, {}, std::chrono::seconds(4)};
  EXPECT_EQ(status->details, otlp::status_body(expected, otlp::WireForm::Protobuf));
  EXPECT_EQ(access_->authorize(head, health), std::nullopt) << "probes bring no spans";
  EXPECT_EQ(metrics_.value(telemetry::MetricId::Refused, {"ingest_rate", "grpc"}), 1);
}

}  // namespace
}  // namespace betrace::api
