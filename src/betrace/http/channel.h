// A socket, with or without TLS: what a connection reads from and writes to.
//
// Without TLS an operation is that of the socket and costs nothing more. Internal: included by
// connection.h and call_connection.h.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "betrace/http/asio.h"
#include "betrace/http/tls.h"

namespace betrace::http {

/// Lives on one thread; at most one operation at a time.
class Channel {
 public:
  using Transfer = std::tuple<boost::system::error_code, std::size_t>;

  /// `tls` is null for plain text.
  Channel(tcp::socket socket, std::unique_ptr<TlsSession> tls)
      : socket_(std::move(socket)), tls_(std::move(tls)) {}

  /// For cancel(), close(), shutdown() and waiting; not for bytes.
  [[nodiscard]] tcp::socket& socket() noexcept { return socket_; }
  [[nodiscard]] bool is_encrypted() const noexcept { return tls_ != nullptr; }

  /// Completes the handshake; false if there will be none. Requires: is_encrypted().
  asio::awaitable<bool> handshake();
  /// The names in the certificate of the client. Requires: the handshake is complete.
  [[nodiscard]] std::vector<std::string> certificate_names() const {
    return tls_->certificate_names();
  }

  asio::awaitable<Transfer> read_some(asio::mutable_buffer room) {
    if (tls_ == nullptr) return socket_.async_read_some(room, kAwaitTuple);
    return read_decrypted(room);
  }
  /// As read_some(), but what has come already is read in this turn of the event loop, so that the
  /// turns of other connections do not let the room grow cold. Requires: the socket is
  /// non-blocking.
  asio::awaitable<Transfer> read_at_once(asio::mutable_buffer room);
  /// Receives what the room could hold, and forgets it: what the room holds then is not said.
  asio::awaitable<Transfer> discard_some(asio::mutable_buffer room) {
    // The system forgets them itself, uncopied; source: tcp(7), MSG_TRUNC.
    if (tls_ == nullptr) return socket_.async_receive(room, MSG_TRUNC, kAwaitTuple);
    return read_decrypted(room);
  }
  /// Writes all of both.
  asio::awaitable<Transfer> write(std::string_view first, std::string_view second = {}) {
    if (tls_ == nullptr) {
      const std::array<asio::const_buffer, 2> buffers{
          asio::const_buffer(first.data(), first.size()),
          asio::const_buffer(second.data(), second.size())};
      return asio::async_write(socket_, buffers, kAwaitTuple);
    }
    return write_encrypted(first, second);
  }
  /// Reads what is there now; `would_block` if that is nothing. Requires: the socket is
  /// non-blocking; there is room for kStep bytes, so that nothing that came stays behind.
  std::size_t read_now(std::span<char> room, boost::system::error_code* error);
  /// Tells the peer that nothing more comes, if it takes that at once.
  void end_sending();

  static constexpr std::size_t kStep = 64 * 1024;

 private:
  asio::awaitable<Transfer> read_decrypted(asio::mutable_buffer room);
  asio::awaitable<Transfer> write_encrypted(std::string_view first, std::string_view second);
  asio::awaitable<Transfer> send_output();
  [[nodiscard]] static boost::system::error_code reason_of(TlsSession::Progress progress) {
    if (progress == TlsSession::Progress::Ended) return asio::error::eof;
    return asio::error::connection_aborted;
  }

  tcp::socket socket_;
  std::unique_ptr<TlsSession> tls_;
  std::string encrypted_;  // on its way in either direction
};

inline asio::awaitable<bool> Channel::handshake() {
  while (true) {
    const TlsSession::Progress progress = tls_->handshake();
    const auto [send_error, sent] = co_await send_output();
    if (progress == TlsSession::Progress::Done) co_return !send_error;
    if (send_error || progress != TlsSession::Progress::NeedMore) co_return false;
    encrypted_.resize(kStep);
    const auto [error, count] =
        co_await socket_.async_read_some(asio::buffer(encrypted_), kAwaitTuple);
    if (error) co_return false;
    tls_->receive(std::string_view(encrypted_).substr(0, count));
  }
}

inline asio::awaitable<Channel::Transfer> Channel::read_at_once(asio::mutable_buffer room) {
  if (tls_ == nullptr) {
    boost::system::error_code error;
    const std::size_t count = socket_.read_some(room, error);
    if (error != asio::error::would_block) co_return Transfer(error, count);
  }
  const Transfer transfer = co_await read_some(room);
  co_return transfer;
}

inline asio::awaitable<Channel::Transfer> Channel::read_decrypted(asio::mutable_buffer room) {
  while (true) {
    std::size_t count = 0;
    const auto progress = tls_->read({static_cast<char*>(room.data()), room.size()}, &count);
    if (progress == TlsSession::Progress::Done)
      co_return Transfer(boost::system::error_code(), count);
    const auto [send_error, sent] = co_await send_output();
    if (send_error) co_return Transfer(send_error, 0);
    if (progress != TlsSession::Progress::NeedMore) co_return Transfer(reason_of(progress), 0);
    encrypted_.resize(kStep);
    const auto [error, received] =
        co_await socket_.async_read_some(asio::buffer(encrypted_), kAwaitTuple);
    if (error) co_return Transfer(error, 0);
    tls_->receive(std::string_view(encrypted_).substr(0, received));
  }
}

inline asio::awaitable<Channel::Transfer> Channel::write_encrypted(std::string_view first,
                                                                   std::string_view second) {
  const std::size_t all = first.size() + second.size();
  while (!first.empty() || !second.empty()) {
    std::string_view& rest = first.empty() ? second : first;
    const std::string_view piece = rest.substr(0, kStep);
    rest.remove_prefix(piece.size());
    if (!tls_->write(piece)) co_return Transfer(asio::error::connection_aborted, 0);
    const auto [error, count] = co_await send_output();
    if (error) co_return Transfer(error, 0);
  }
  co_return Transfer(boost::system::error_code(), all);
}

/// Sends what the session wants sent.
inline asio::awaitable<Channel::Transfer> Channel::send_output() {
  encrypted_.clear();
  tls_->take_output(&encrypted_);
  if (encrypted_.empty()) co_return Transfer(boost::system::error_code(), 0);
  const auto [error, count] =
      co_await asio::async_write(socket_, asio::buffer(encrypted_), kAwaitTuple);
  co_return Transfer(error, count);
}

inline std::size_t Channel::read_now(std::span<char> room, boost::system::error_code* error) {
  if (tls_ == nullptr) return socket_.read_some(asio::buffer(room.data(), room.size()), *error);
  thread_local std::vector<char> received(kStep);
  while (true) {
    std::size_t count = 0;
    const auto progress = tls_->read(room, &count);
    if (progress == TlsSession::Progress::Done) return count;
    if (progress != TlsSession::Progress::NeedMore) {
      *error = reason_of(progress);
      return 0;
    }
    count = socket_.read_some(asio::buffer(received), *error);
    if (*error) return 0;
    tls_->receive({received.data(), count});
  }
}

inline void Channel::end_sending() {
  if (tls_ == nullptr || !socket_.is_open()) return;
  tls_->end();
  encrypted_.clear();
  tls_->take_output(&encrypted_);
  boost::system::error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.write_some(asio::buffer(encrypted_), ignored);
}

}  // namespace betrace::http
