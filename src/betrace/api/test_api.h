// For tests only: the whole REST API behind a real server, over real stores in a directory of its
// own, with a real engine, a clock that is set by hand, and a disk that can be broken.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "betrace/account/clerk.h"
#include "betrace/account/sampled_sink.h"
#include "betrace/api/routes.h"
#include "betrace/base/json.h"
#include "betrace/base/test_directory.h"
#include "betrace/engine/engine.h"
#include "betrace/http/client.h"
#include "betrace/http/server.h"
#include "betrace/storage/faulty_file_system.h"

namespace betrace::api {

inline constexpr UnixNanos kSecond = 1'000'000'000;
inline constexpr UnixNanos kStart = 1'769'853'600 * kSecond;  // 2026-01-31T10:00:00Z

inline constexpr std::string_view kDemoPack =
    "rules:\n"
    "  - {id: slow, name: Slow request, severity: HIGH, expression: span.duration > 1s}\n"
    "  - {name: Never audited, tags: [pii], expression: pii and not audit}\n";

/// An answer with its body as JSON; null if it is none.
struct Answer {
  int status = 0;
  http::Headers headers;
  std::string body;
  Json json;

  [[nodiscard]] std::string header(std::string_view name) const {
    return std::string(headers.find(name).value_or(""));
  }
  /// `error.code`, empty on success.
  [[nodiscard]] std::string code() const {
    return json.is_object() && json.contains("error") && json["error"].is_object()
               ? json["error"]["code"].get<std::string>()
               : "";
  }
  /// The value at a JSON pointer, null if there is none.
  [[nodiscard]] Json at(const std::string& pointer) const {
    const Json::json_pointer place(pointer);
    return json.contains(place) ? json.at(place) : Json();
  }
};

using HeaderList = std::vector<http::HeaderView>;

class ApiTest : public ::testing::Test {
 protected:
  ApiTest() { open(); }
  ~ApiTest() override { close(); }

  /// Starts everything over the directory as it is.
  void open() {
    storage::RuleStoreOptions store;
    store.path = directory_.path();
    store.files = &disk_;
    store_ = take(storage::RuleStore::open(store));
    storage::ViolationLogOptions log;
    log.path = directory_.path() + "/.betrace";
    log.clock = [this] { return now(); };
    log_ = take(storage::ViolationLog::open(log));
    active_ = std::make_unique<engine::ActiveRules>();
    active_->use(std::make_shared<const engine::Redaction>(
        engine::RedactionLists{.allow = {"user.*"}, .deny = {"user.email"}}, Secret("key")));
    control::RuleControlOptions control;
    control.rules_max = rules_max_;
    control.record = [this](std::span<const storage::RuleChangeRecord> changes) {
      return log_->append_rule_changes(changes);
    };
    control_ = std::make_unique<control::RuleControl>(*store_, *active_, std::move(control));
    ASSERT_TRUE(control_->start(take(log_->recorded_rules()), now().wall));
    engine::EngineOptions engine;
    engine.clock = [this] { return now(); };
    engine_ = std::make_unique<engine::Engine>(engine, *active_, *log_);
    engine_->start();
    sink_ = std::make_unique<account::SampledSink>(*engine_, attributes_);
    clerk_ = std::make_unique<account::Clerk>(
        account::ClerkOptions(),
        account::ClerkServices{*log_, metrics_, [this] { return engine_->statistics(); }}, now());
    serve();
  }

  /// Stops as the program does.
  void close() {
    if (server_ != nullptr) server_->stop(std::chrono::seconds(1));
    server_.reset();
    if (engine_ != nullptr) static_cast<void>(engine_->drain(std::chrono::seconds(60)));
    clerk_.reset();
    engine_.reset();
    control_.reset();
    if (log_ != nullptr) static_cast<void>(log_->stop(std::chrono::seconds(60)));
    log_.reset();
    store_.reset();
  }

  void reopen() {
    close();
    open();
  }

  Answer call(std::string_view method, std::string_view target, std::string_view body = {},
              HeaderList headers = {}) {
    bool has_type = body.empty();
    for (const auto& header : headers) has_type |= header.name == "Content-Type";
    if (!has_type) headers.push_back({"Content-Type", "application/json"});
    const auto response = client_->send(method, target, body, headers);
    if (!response) {
      ADD_FAILURE() << method << " " << target << ": " << response.error().message;
      return {};
    }
    Answer answer{response->status, response->headers, response->body, Json()};
    if (auto json = parse_json(response->body)) answer.json = std::move(*json);
    return answer;
  }

  Answer get(std::string_view target, HeaderList headers = {}) {
    return call("GET", target, {}, std::move(headers));
  }
  Answer post(std::string_view target, std::string_view body, HeaderList headers = {}) {
    return call("POST", target, body, std::move(headers));
  }

  /// Stores a rule and expects that to succeed.
  Answer add_rule(const std::string& id, const std::string& expression = "span.duration > 1s") {
    const Json body = {{"id", id}, {"name", id}, {"expression", expression}};
    Answer answer = post("/v1/rules", body.dump());
    EXPECT_EQ(answer.status, 201) << answer.body;
    return answer;
  }

  /// Lets every open trace close, and waits until what was decided is in the log.
  void decide_everything() {
    ASSERT_TRUE(engine_->wait_until_idle(std::chrono::seconds(60)));
    pass(std::chrono::minutes(10));
    // The thread of the engine looks at its deadlines whenever it is asked for its numbers.
    for (int i = 0; i < 1000 && engine_->statistics().traces_open > 0; ++i) {
      static_cast<void>(engine_->wait_until_idle(std::chrono::seconds(60)));
    }
    ASSERT_EQ(engine_->statistics().traces_open, 0u);
    ASSERT_TRUE(log_->flush(std::chrono::seconds(60)));
  }

  [[nodiscard]] Now now() const {
    const auto passed = std::chrono::nanoseconds(passed_.load());
    return Now{MonotonicTime(std::chrono::hours(1) + passed),
               kStart + static_cast<UnixNanos>(passed.count())};
  }
  void pass(std::chrono::nanoseconds time) { passed_ += time.count(); }

  [[nodiscard]] static ApiOptions options() {
    ApiOptions options;
    options.started = Now{MonotonicTime(std::chrono::hours(1)), kStart};
    options.packs = {{"demo", kDemoPack}};
    options.shown_limits = {{"limits.rules", std::uint64_t{1000}}};
    return options;
  }

  TestDirectory directory_;
  storage::FaultyFileSystem disk_;
  /// What routes cannot be made without.
  ApiServices parts() {
    return {.rules = *control_,
            .violations = *log_,
            .spans = *sink_,
            .metrics = metrics_,
            .readiness = readiness_,
            .attributes = attributes_,
            .statistics = [this] { return engine_->statistics(); },
            .redaction = [this] { return active_->current()->redaction(); },
            .clock = [this] { return now(); }};
  }

  std::atomic<std::int64_t> passed_{0};
  std::size_t rules_max_ = 1'000;
  telemetry::Metrics metrics_;
  telemetry::Readiness readiness_;
  account::AttributeSample attributes_;
  std::unique_ptr<storage::RuleStore> store_;
  std::unique_ptr<storage::ViolationLog> log_;
  std::unique_ptr<engine::ActiveRules> active_;
  std::unique_ptr<control::RuleControl> control_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<account::SampledSink> sink_;
  std::unique_ptr<account::Clerk> clerk_;
  std::vector<evidence::CommitEnvelope> checkpoints_;  // newest first
  std::unique_ptr<http::Server> server_;
  std::unique_ptr<http::Client> client_;

 private:
  template <typename T>
  static T take(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    return std::move(*result);
  }

  void serve() {
    ApiServices services = parts();
    services.seen_since = [this](const Now& now, std::chrono::nanoseconds window) {
      return clerk_->seen_since(now, window);
    };
    services.last_coverage = [this] { return clerk_->last_coverage(); };
    services.gaps_since = [this](const Now& now, std::chrono::nanoseconds window) {
      return clerk_->gaps_since(now, window);
    };
    services.checkpoints = [this](std::size_t offset, std::size_t limit) {
      evidence::CheckpointPage page{{}, checkpoints_.size()};
      for (std::size_t i = offset; i < checkpoints_.size() && i - offset < limit; ++i) {
        page.checkpoints.push_back(checkpoints_[i]);
      }
      return page;
    };
    http::RouteTable routes;
    routes.add(api_routes(std::move(services), options()));
    server_ = std::make_unique<http::Server>(http::ServerLimits(), nullptr, 2);
    const std::uint16_t port = take(server_->listen({}, std::move(routes)));
    server_->start();
    http::ClientOptions client;
    client.port = port;
    client.timeout = std::chrono::minutes(2);  // sanitizers are slow
    client_ = std::make_unique<http::Client>(client);
  }
};

}  // namespace betrace::api
