// For tests only: a plain TCP client that sends any bytes, legal or not, and reads what comes back.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

namespace betrace::http {

/// A connection to a port of this machine. Receiving gives up after ten seconds.
class RawSocket {
 public:
  explicit RawSocket(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    timeval time{};
    time.tv_sec = 10;
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~RawSocket() { close(); }
  RawSocket(RawSocket&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)),
        connected_(other.connected_),
        received_(std::move(other.received_)) {}
  RawSocket& operator=(RawSocket&&) = delete;

  [[nodiscard]] bool connected() const noexcept { return connected_; }

  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// Says that nothing more will be sent.
  void half_close() const { ::shutdown(socket_, SHUT_WR); }

  /// Closes with a reset instead of an orderly end.
  void reset() {
    const linger at_once{1, 0};
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
  }

  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }

  /// Returns the next reply of a request that was not HEAD, head and body; what has come so far
  /// when the connection ends or stalls.
  std::string reply() {
    while (true) {
      const std::size_t end = received_.find("\r\n\r\n");
      if (end != std::string::npos) {
        const std::size_t size = end + 4 + length_in(received_.substr(0, end + 2));
        if (received_.size() >= size) return take(size);
      }
      if (!receive()) return take(received_.size());
    }
  }

  /// Returns what comes next; empty if the connection ends or stalls.
  std::string some() {
    if (received_.empty()) receive();
    return take(received_.size());
  }

  /// Returns what comes up to and with `end`; what has come if the connection ends or stalls.
  std::string until(std::string_view end) {
    while (received_.find(end) == std::string::npos) {
      if (!receive()) return take(received_.size());
    }
    return take(received_.find(end) + end.size());
  }

  /// Returns everything until the server ends the connection.
  std::string rest() {
    while (receive()) {
    }
    return take(received_.size());
  }

  /// True if the server ended the connection and nothing more came.
  bool ended() { return !receive() && received_.empty() && !stalled_; }

 private:
  static std::size_t length_in(const std::string& head) {
    const std::size_t field = head.find("\r\nContent-Length: ");
    if (field == std::string::npos) return 0;
    return std::strtoul(head.c_str() + field + 18, nullptr, 10);
  }

  bool receive() {
    char bytes[16 * 1024];
    const ssize_t count = ::recv(socket_, bytes, sizeof bytes, 0);
    stalled_ = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    if (count <= 0) return false;
    received_.append(bytes, static_cast<std::size_t>(count));
    return true;
  }

  std::string take(std::size_t size) {
    std::string taken = received_.substr(0, size);
    received_.erase(0, size);
    return taken;
  }

  int socket_;
  bool connected_ = false;
  bool stalled_ = false;
  std::string received_;
};

/// Returns the status of a raw reply, 0 if it is none.
inline int status_of(std::string_view reply) {
  if (!reply.starts_with("HTTP/1.1 ")) return 0;
  return std::atoi(std::string(reply.substr(9, 3)).c_str());
}

/// Returns the body of a raw reply.
inline std::string body_of(const std::string& reply) {
  const std::size_t end = reply.find("\r\n\r\n");
  return end == std::string::npos ? "" : reply.substr(end + 4);
}

}  // namespace betrace::http
