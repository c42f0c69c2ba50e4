// For tests only: a server on a free port with a few routes, and an observer that remembers.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "betrace/http/server.h"

namespace betrace::http {

/// Remembers what the server told. Thread-safe.
class RecordingObserver : public ServerObserver {
 public:
  void request_finished(const FinishedRequest& request) override {
    note(std::string(request.method) + " " + std::string(request.route) + " " +
         std::to_string(request.status));
  }
  void handler_failed(const RequestHead&, std::string_view what) override {
    note("failed " + std::string(what));
  }
  void connection_refused(std::string_view limit) override {
    note("refused " + std::string(limit));
  }
  void timed_out(std::string_view phase) override { note("timeout " + std::string(phase)); }
  void refused(std::string_view limit, const RequestHead&) override {
    note("limit " + std::string(limit));
  }

  void call_finished(const FinishedCall& call) override {
    note("call " + std::string(call.method) + " " + std::string(call.code));
  }
  void call_refused(std::string_view limit) override { note("limit " + std::string(limit)); }
  void h2_abused(std::string_view kind) override { note("abuse " + std::string(kind)); }

  /// Waits until the server has told `line`; false if it does not within a minute.
  bool saw(const std::string& line) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(60), [&] { return count(line) > 0; });
  }
  std::size_t times(const std::string& line) {
    const std::lock_guard lock(mutex_);
    return count(line);
  }

 private:
  void note(std::string line) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
    changed_.notify_all();
  }
  [[nodiscard]] std::size_t count(const std::string& line) const {
    std::size_t found = 0;
    for (const std::string& told : lines_) found += told == line ? 1 : 0;
    return found;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

/// Opens once. Thread-safe.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

/// A running server and what the tests need of it.
struct TestServer {
  explicit TestServer(ServerLimits limits = {}, ListenerOptions options = {}, RouteTable more = {})
      : server(limits, &observer, 2) {
    RouteTable routes = common_routes();
    for (const Route& route : more.rows()) routes.add(route);
    const auto bound = server.listen(std::move(options), std::move(routes));
    if (!bound) throw std::runtime_error(bound.error().message);
    port = *bound;
    server.start();
  }

  /// `/echo` answers its body, `/text` a short text, `/large` one of 100,000 bytes, `/throw` fails,
  /// `/wait` waits for the gate.
  RouteTable common_routes() {
    RouteTable routes;
    routes.add(Route{.method = "POST",
                     .path = "/echo",
                     .role = Role::Public,
                     .handler =
                         [](const Request& request, const PathParameters&) {
                           return make_response(200, "text/plain", std::string(request.body));
                         },
                     .body_bytes_max = kEchoBytesMax,
                     .content_types = {"text/plain", "application/json"},
                     .produces = "text/plain"});
    routes.add(get("/text", RunOn::Inline, [](const Request&) { return std::string("text"); }));
    routes.add(
        get("/large", RunOn::Pool, [](const Request&) { return std::string(100'000, 'x'); }));
    routes.add(get("/throw", RunOn::Pool,
                   [](const Request&) -> std::string { throw std::runtime_error("on purpose"); }));
    routes.add(get("/throw-inline", RunOn::Inline, [](const Request&) -> std::string {
      throw 7;  // NOLINT: not even an exception
    }));
    routes.add(get("/wait", RunOn::Pool, [this](const Request&) {
      waiting.open();
      gate.wait();
      return std::string("waited");
    }));
    return routes;
  }

  static Route get(std::string path, RunOn run,
                   std::function<std::string(const Request&)> function) {
    return Route{
        .method = "GET",
        .path = std::move(path),
        .role = Role::Public,
        .handler =
            [function = std::move(function)](const Request& request, const PathParameters&) {
              return make_response(200, "text/plain", function(request));
            },
        .run = run,
        .produces = "text/plain"};
  }

  static constexpr std::size_t kEchoBytesMax = 100'000;

  RecordingObserver observer;
  Gate waiting;  // opened by a handler that waits
  Gate gate;     // what it waits for
  std::uint16_t port = 0;
  Server server;
};

}  // namespace betrace::http
