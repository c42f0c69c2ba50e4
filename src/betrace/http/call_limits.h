// The limits and options of a gRPC listener, and what its connections share.
//
// app/ fills the options; server.cc makes one CallService for each listener.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/http/body_buffer.h"
#include "betrace/http/call_table.h"
#include "betrace/http/server_limits.h"

namespace betrace::http {

/// Limits of one connection, besides those of ServerLimits, which hold for calls too.
struct CallLimits {
  std::size_t message_bytes_max = 4 * 1024 * 1024;  ///< As sent, and again inflated.
  std::uint32_t streams_max = 100;                  ///< Calls at once; more is a protocol error.
  std::uint32_t watches_max = 8;                    ///< Open watches; over it RESOURCE_EXHAUSTED.
  std::uint32_t stream_window_bytes = 64 * 1024;    ///< Credit of a call before it is known.
  std::uint32_t connection_window_bytes = 1024 * 1024;
  std::chrono::milliseconds watch_interval{250};        ///< How often a watch looks for a change.
  std::chrono::milliseconds drain_time{1'000};          ///< Longest wait for a round trip.
  std::chrono::milliseconds keepalive_time{7'200'000};  ///< Silence before we ping.
  std::chrono::milliseconds keepalive_ack{20'000};      ///< Silence after that before we cut.
  std::chrono::milliseconds age_max{0};  ///< Drained then, give or take a tenth; 0 = never.
};

/// One port with its methods.
struct CallListenerOptions {
  std::vector<std::string> addresses{"127.0.0.1"};  ///< IPv4 or IPv6 literals.
  std::uint16_t port = 0;                           ///< 0: the system picks one.
  std::size_t threads = 1;                          ///< Threads of its own, for handlers too.
  CallLimits limits;
  CallAuthorization authorize = {};         ///< Empty: everyone may do everything.
  std::shared_ptr<TlsFiles> tls = nullptr;  ///< Null: plain text.
  /// Makes the status of a refusal that may be tried again; empty: UNAVAILABLE without details.
  std::function<CallStatus(std::string_view message)> retry_later = {};
};

/// Bytes of messages that have been let in but are not there yet, of all connections together.
/// Thread-safe.
class MessageCredit {
 public:
  explicit MessageCredit(std::size_t bytes_max) noexcept : bytes_max_(bytes_max) {}

  /// True if that much may come; it must be returned later. One message is always let in.
  [[nodiscard]] bool lend(std::size_t bytes) noexcept {
    std::size_t now = lent_.load();
    do {
      if (now != 0 && (bytes > bytes_max_ || now > bytes_max_ - bytes)) return false;
    } while (!lent_.compare_exchange_weak(now, now + bytes));
    return true;
  }
  void give_back(std::size_t bytes) noexcept { lent_.fetch_sub(bytes); }
  [[nodiscard]] std::size_t lent() const noexcept { return lent_.load(); }

 private:
  const std::size_t bytes_max_;
  std::atomic<std::size_t> lent_{0};
};

/// What the connections of one gRPC listener share. All but `credit` is immutable while they run.
struct CallService {
  CallService(CallListenerOptions listener_options, CallTable methods, const ServerLimits& limits,
              ServerObserver* server_observer, BodyBufferPool* pool)
      : options(std::move(listener_options)),
        table(std::move(methods)),
        server(limits),
        observer(server_observer),
        bodies(pool),
        credit(limits.bodies_bytes / 2) {}

  CallListenerOptions options;
  CallTable table;
  ServerLimits server;
  ServerObserver* observer;  ///< Never null.
  BodyBufferPool* bodies;    ///< Never null.
  MessageCredit credit;

  [[nodiscard]] CallStatus retry_later(std::string_view message) const {
    if (options.retry_later) return options.retry_later(message);
    return {RpcCode::Unavailable, std::string(message), ""};
  }
};

}  // namespace betrace::http
