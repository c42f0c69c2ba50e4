// One call from its first field to its reply: all checks in their order, the message, the handler.
//
// Used by the session, which moves frames and watches the time; knows no HTTP/2 and no socket, so
// that the order of checks is tested without them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/http/body_buffer.h"
#include "betrace/http/call_limits.h"
#include "betrace/http/message_frame.h"

namespace betrace::http {

/// Used by one thread at a time.
class CallExchange {
 public:
  /// Requires: `service` lives longer.
  CallExchange(CallService& service, std::string remote_address,
               std::vector<std::string> certificate_names = {});

  /// Takes a field of the head, or of a trailer, which is counted and forgotten.
  void add_field(std::string_view name, std::string_view value);
  /// Size of all fields so far. Source: RFC 9113 section 6.5.2.
  [[nodiscard]] std::size_t head_bytes() const noexcept { return head_bytes_; }

  /// Checks the complete head: limits, type, method, timeout, encoding, path, credential.
  [[nodiscard]] std::optional<CallRefusal> open();

  /// Takes a piece of the body: prefix, its length against the limit, admission, then the message.
  [[nodiscard]] std::optional<CallRefusal> take(std::string_view bytes);

  /// Returns the size of prefix and message once it is known.
  [[nodiscard]] std::optional<std::size_t> declared_bytes() const noexcept;

  /// The caller has sent everything: checks that one message came, inflates it and calls the
  /// handler. Never throws. Requires: open() and take() refused nothing.
  [[nodiscard]] CallReply answer();
  /// Calls the handler of a watch again. Never throws. Requires: answer() was Ok.
  [[nodiscard]] CallReply answer_again();
  /// Gives the memory of the message back, unless answer_again() needs it.
  void release() noexcept;

  [[nodiscard]] bool is_watch() const noexcept { return method_ != nullptr && method_->is_watch; }
  [[nodiscard]] std::optional<std::chrono::nanoseconds> timeout() const noexcept {
    return head_.timeout;
  }
  [[nodiscard]] const CallHead& head() const noexcept { return head_; }
  /// The label of the method, or `other`.
  [[nodiscard]] std::string_view label() const noexcept;

 private:
  [[nodiscard]] std::optional<CallRefusal> check_limits() const;
  [[nodiscard]] std::optional<CallRefusal> check_prefix();
  [[nodiscard]] CallRefusal over_limit(std::string message, std::string_view limit) const;
  [[nodiscard]] std::optional<CallStatus> inflate();
  [[nodiscard]] CallReply call_handler() noexcept;

  CallService& service_;
  CallHead head_;
  std::size_t head_bytes_ = 0;
  std::size_t fields_ = 0;
  std::size_t longest_field_ = 0;
  bool is_open_ = false;
  const CallMethod* method_ = nullptr;
  MessagePrefixReader prefix_;
  BodyBuffer message_;
};

}  // namespace betrace::http
