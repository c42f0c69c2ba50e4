// For tests only: a session of the server and a client, joined without a socket, with a time that
// stands still unless it is moved.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "betrace/http/call_session.h"
#include "betrace/http/test_call_client.h"

namespace betrace::http {

/// Remembers what the session told, and how often.
class CallObserver : public ServerObserver {
 public:
  void call_finished(const FinishedCall& call) override {
    ++told["call " + std::string(call.method) + " " + std::string(call.code)];
  }
  void call_denied(const DeniedCall& call) override {
    ++told["denied " + std::string(call.path) + " " + std::string(name_of(call.code)) + " " +
           call.head.remote_address];
  }
  void call_failed(std::string_view path, std::string_view what) override {
    ++told["failed " + std::string(path) + " " + std::string(what)];
  }
  void call_refused(std::string_view limit) override { ++told["limit " + std::string(limit)]; }
  void h2_abused(std::string_view kind) override { ++told["abuse " + std::string(kind)]; }
  void timed_out(std::string_view phase) override { ++told["timeout " + std::string(phase)]; }

  std::map<std::string, int> told;
};

/// `/test/Echo` answers its message, `/test/Throw` fails, `/test/Watch` shows `state`.
struct CallPair {
  explicit CallPair(CallListenerOptions options = {}, ServerLimits limits = {},
                    std::uint32_t client_window = 65'535)
      : bodies(limits.bodies_bytes), client(client_window) {
    CallTable table;
    table.add(CallMethod{
        .path = "/test/Echo",
        .label = "Echo",
        .role = Role::Ingest,
        .handler =
            [this](const Call& call) {
              ++handled;
              return CallReply{{}, std::string(call.message)};
            },
        .admit = [this](const CallHead&, std::uint64_t bytes) -> std::optional<CallStatus> {
          asked.push_back(bytes);
          return refusal;
        }});
    table.add(CallMethod{
        .path = "/test/Throw",
        .label = "Throw",
        .role = Role::Ingest,
        .handler = [](const Call&) -> CallReply { throw std::runtime_error("on purpose"); }});
    table.add(CallMethod{.path = "/test/Watch",
                         .label = "Watch",
                         .role = Role::Public,
                         .handler =
                             [this](const Call&) {
                               return CallReply{{}, state};
                             },
                         .is_watch = true});
    service = std::make_unique<CallService>(std::move(options), std::move(table), limits, &observer,
                                            &bodies);
    session = std::make_unique<CallSession>(*service, "127.0.0.1", now);
  }

  /// Moves bytes until neither side has any.
  void run() {
    for (bool more = true; more;) {
      const std::string sent = client.output();
      if (!sent.empty()) session->receive(sent, now);
      more = !sent.empty();
      std::string reply;
      while (session->take_output(&reply, 64 * 1024)) {
        client.receive(reply);
        reply.clear();
        more = true;
      }
    }
  }
  /// The same at a later time.
  void run_after(MonotonicTime::duration time) {
    now += time;
    session->on_time(now);
    run();
  }
  const CallAnswer& call(std::string path, std::string_view message, CallFields more = {}) {
    const std::int32_t stream = client.call(std::move(path), message, std::move(more));
    run();
    return client.answer(stream);
  }
  /// Sends bytes that the client would not.
  void send_raw(std::string_view bytes) {
    session->receive(bytes, now);
    run();
  }

  BodyBufferPool bodies;
  CallObserver observer;
  std::optional<CallStatus> refusal;
  std::vector<std::uint64_t> asked;
  int handled = 0;
  std::string state = "up";
  MonotonicTime now{std::chrono::hours(1)};
  std::unique_ptr<CallService> service;
  std::unique_ptr<CallSession> session;
  CallClient client;
};

}  // namespace betrace::http
