// The socket of one gRPC connection: receives, lets a CallSession answer, sends, minds the time.
// Moves bytes only. Internal: included by server.cc alone.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "betrace/http/call_session.h"
#include "betrace/http/channel.h"
#include "betrace/http/served_connection.h"

namespace betrace::http {

class CallConnection : public ServedConnection,
                       public std::enable_shared_from_this<CallConnection> {
 public:
  /// Requires: `service` lives longer.
  CallConnection(Channel channel, std::string address, CallService& service, std::uint32_t jitter)
      : channel_(std::move(channel)),
        timer_(channel_.socket().get_executor()),
        service_(service),
        session_(service, std::move(address), Clock::now(), jitter) {}

  asio::awaitable<void> serve() override;
  void drain() override;
  void cut() override;

 private:
  using Clock = std::chrono::steady_clock;
  enum class Stage : std::uint8_t { Handshake, Receive, Send, Linger };

  static constexpr std::size_t kReceiveBytes = 128 * 1024;
  static constexpr std::size_t kSendBytes = 64 * 1024;
  /// Reads without waiting; then the other connections of the thread have their turn.
  static constexpr int kReadsInARow = 4;
  static constexpr std::chrono::milliseconds kLingerTime{2'000};

  asio::awaitable<bool> shake_hands();
  asio::awaitable<bool> send();
  asio::awaitable<bool> receive();
  asio::awaitable<void> linger();
  bool read_now(bool* is_open);
  void arm(Stage stage, Clock::time_point deadline);
  void schedule();
  void wake();

  Channel channel_;
  asio::steady_timer timer_;
  CallService& service_;
  CallSession session_;
  std::string output_;
  int reads_in_a_row_ = 0;

  // One deadline at a time; the timer is only moved when it would ring too late.
  Stage stage_ = Stage::Receive;
  Clock::time_point deadline_ = Clock::time_point::max();
  Clock::time_point wake_at_ = Clock::time_point::max();
};

inline asio::awaitable<void> CallConnection::serve() {
  const auto self = shared_from_this();
  boost::system::error_code ignored;
  channel_.socket().non_blocking(true, ignored);
  bool more = co_await shake_hands();
  while (more) {
    more = co_await send();
    if (more && session_.is_finished()) {
      co_await linger();
      more = false;
    }
    if (more) more = co_await receive();
  }
  channel_.end_sending();
  cut();
  timer_.cancel();
}

/// True at once without TLS.
inline asio::awaitable<bool> CallConnection::shake_hands() {
  if (!channel_.is_encrypted()) co_return true;
  const Clock::time_point deadline = Clock::now() + service_.server.tls_time;
  arm(Stage::Handshake, deadline);
  const bool is_done = co_await channel_.handshake();
  if (!is_done && Clock::now() >= deadline) service_.observer->timed_out("tls");
  if (!is_done) co_return false;
  session_.set_certificate_names(channel_.certificate_names());
  bool is_open = true;
  read_now(&is_open);  // what came with the end of the handshake has woken us already
  co_return is_open;
}

inline void CallConnection::drain() {
  session_.drain(Clock::now());
  boost::system::error_code ignored;
  if (stage_ == Stage::Receive) channel_.socket().cancel(ignored);
  if (stage_ == Stage::Handshake) cut();
}

inline void CallConnection::cut() {
  boost::system::error_code ignored;
  channel_.socket().close(ignored);
}

/// Sends all that there is; false if the peer is gone or does not take it.
inline asio::awaitable<bool> CallConnection::send() {
  const std::size_t rate = std::max<std::size_t>(service_.server.min_rate, 1);
  output_.clear();
  while (session_.take_output(&output_, kSendBytes)) {
    arm(Stage::Send, Clock::now() + service_.server.body_time +
                         std::chrono::milliseconds(output_.size() * 1'000 / rate));
    const auto [error, count] = co_await channel_.write(output_);
    if (error) co_return false;
    output_.clear();
  }
  co_return channel_.socket().is_open();
}

/// Waits for bytes or for the next deadline, and handles either; false if the peer is gone.
inline asio::awaitable<bool> CallConnection::receive() {
  bool is_open = true;
  // A peer whose calls are all answered has yet to begin another.
  if (session_.calls() == 0 || ++reads_in_a_row_ >= kReadsInARow || !read_now(&is_open)) {
    reads_in_a_row_ = 0;
    if (!is_open) co_return false;
    arm(Stage::Receive, session_.next_deadline());
    const auto [error] = co_await channel_.socket().async_wait(tcp::socket::wait_read, kAwaitTuple);
    if (!channel_.socket().is_open()) co_return false;
    if (!error) read_now(&is_open);
  }
  if (const auto now = Clock::now(); now >= session_.next_deadline()) session_.on_time(now);
  co_return is_open;
}

/// Handles what has come; false if that is nothing. Memory for it is shared by all connections of
/// the thread: a connection that is silent needs none.
inline bool CallConnection::read_now(bool* is_open) {
  thread_local std::vector<char> input(kReceiveBytes);
  boost::system::error_code error;
  const std::size_t count = channel_.read_now(input, &error);
  if (error == asio::error::would_block || error == asio::error::try_again) return false;
  *is_open = !error;
  if (error) return false;
  session_.receive({input.data(), count}, Clock::now());
  return true;
}

/// As in HTTP/1.1: closing while the peer sends would destroy what is on its way to him.
inline asio::awaitable<void> CallConnection::linger() {
  boost::system::error_code ignored;
  channel_.end_sending();
  channel_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  arm(Stage::Linger, Clock::now() + kLingerTime);
  std::vector<char> forgotten(4 * 1024);
  bool more = channel_.socket().is_open();
  while (more) {
    const auto [error, count] =
        co_await channel_.socket().async_read_some(asio::buffer(forgotten), kAwaitTuple);
    more = !error;
  }
}

inline void CallConnection::arm(Stage stage, Clock::time_point deadline) {
  stage_ = stage;
  deadline_ = deadline;
  if (deadline_ < wake_at_) schedule();
}

inline void CallConnection::schedule() {
  wake_at_ = deadline_;
  timer_.expires_at(wake_at_);
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error) self->wake();
  });
}

inline void CallConnection::wake() {
  wake_at_ = Clock::time_point::max();
  if (deadline_ == Clock::time_point::max()) return;
  if (Clock::now() < deadline_) {
    schedule();
    return;
  }
  deadline_ = Clock::time_point::max();
  boost::system::error_code ignored;
  if (stage_ == Stage::Send) {
    service_.observer->timed_out("write");
    cut();
  } else {
    channel_.socket().cancel(ignored);
  }
}

}  // namespace betrace::http
