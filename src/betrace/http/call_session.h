// One gRPC connection without its socket: bytes and time in, bytes out.
//
// Runs the calls of an HTTP/2 session: their deadlines, the credit of their messages, watches, idle
// and aged connections, and the drain. What a call means is call_exchange.h. Used by
// call_connection.h, which moves the bytes, and by tests and the fuzzer, which need no socket.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "betrace/base/time.h"
#include "betrace/http/call_exchange.h"
#include "betrace/http/call_limits.h"
#include "betrace/http/h2_session.h"

namespace betrace::http {

/// Used on one thread.
class CallSession : private H2Events {
 public:
  /// `jitter` is any number: it spreads the ends of connections that began together.
  /// Requires: `service` lives longer.
  CallSession(CallService& service, std::string remote_address, MonotonicTime now,
              std::uint32_t jitter = 0);
  ~CallSession() override;

  /// Sets who the peer is by its certificate; before the first receive().
  void set_certificate_names(std::vector<std::string> names) {
    certificate_names_ = std::move(names);
  }

  /// Takes what came and answers the calls that are complete.
  void receive(std::string_view bytes, MonotonicTime now);
  /// Does what is due: deadlines, watches, drain. Cost: linear in the open calls.
  void on_time(MonotonicTime now);
  /// The time of the next on_time(), if nothing comes before.
  [[nodiscard]] MonotonicTime next_deadline() const;
  /// Appends what can be sent now, up to about `bytes_max`; false if there is nothing.
  bool take_output(std::string* out, std::size_t bytes_max);

  /// Ends the connection as soon as its calls are answered; watches end now.
  void drain(MonotonicTime now);
  /// True if the connection can be closed once its output has been sent.
  [[nodiscard]] bool is_finished() const { return is_cut_ || session_.is_finished(); }
  [[nodiscard]] std::size_t calls() const noexcept { return calls_.size(); }

 private:
  enum class Stage : std::uint8_t {
    Head,      ///< Fields are coming.
    Message,   ///< The body is coming.
    Held,      ///< The body waits for credit.
    Answered,  ///< Only the reply is left.
    Watching,  ///< The reply goes on.
  };
  struct OpenCall;

  void head_begun(std::int32_t stream) override;
  void field(std::int32_t stream, std::string_view name, std::string_view value) override;
  void head_ended(std::int32_t stream) override;
  void data(std::int32_t stream, std::string_view bytes) override;
  void request_ended(std::int32_t stream) override;
  void closed(std::int32_t stream) override;
  void ping_acknowledged() override;
  void settings_received() override { has_settings_ = true; }

  [[nodiscard]] OpenCall* find(std::int32_t stream);
  void refuse(std::int32_t stream, OpenCall& call, const CallRefusal& refusal);
  void refuse(std::int32_t stream, OpenCall& call, CallStatus status);
  void reply(std::int32_t stream, OpenCall& call, CallReply reply);
  void begin_watch(std::int32_t stream, OpenCall& call, CallReply reply);
  void end_watch(std::int32_t stream, OpenCall& call, const CallStatus& status);
  void look_again(std::int32_t stream, OpenCall& call);
  void finished(OpenCall& call, RpcCode code);
  void grant(std::int32_t stream, OpenCall& call);
  void grant_held();
  void return_credit(OpenCall& call);
  void fit_windows();
  void on_call_time(std::int32_t stream, OpenCall& call);
  void on_connection_time();
  [[nodiscard]] MonotonicTime deadline_of(const OpenCall& call) const;
  [[nodiscard]] MonotonicTime connection_deadline() const;
  void tell_abuse();

  CallService& service_;
  const std::string remote_address_;
  std::vector<std::string> certificate_names_;
  H2Session session_;
  std::map<std::int32_t, OpenCall> calls_;  // in the order in which they began
  MonotonicTime now_;
  std::size_t watches_ = 0;
  std::size_t held_ = 0;

  const MonotonicTime begun_;
  MonotonicTime last_call_;      // when the last call ended, or the connection began
  MonotonicTime last_received_;  // any byte
  MonotonicTime next_look_;      // of the watches
  MonotonicTime old_at_;         // when the connection is drained for its age
  std::optional<MonotonicTime> pinged_;
  std::optional<MonotonicTime> draining_;  // since when
  bool is_ending_ = false;                 // the last GOAWAY is out
  bool has_settings_ = false;
  bool is_wide_ = false;
  bool is_proven_ = false;  // a message was accepted
  bool is_cut_ = false;
  bool abuse_is_told_ = false;
};

}  // namespace betrace::http
