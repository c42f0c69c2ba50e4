// A small blocking HTTP/1.1 client for tests, `betrace demo` and `betrace healthcheck`.
//
// One connection kept alive, no redirects; TLS to a server of this machine only, whose certificate
// is at hand. Export to other systems needs more and does not use it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/http/message.h"
#include "betrace/http/tls.h"

namespace betrace::http {

struct ClientOptions {
  std::string host = "127.0.0.1";  ///< A name or a literal address.
  std::uint16_t port = 0;
  std::chrono::milliseconds timeout{10'000};       ///< Of each connect, send and receive.
  std::size_t reply_bytes_max = 64 * 1024 * 1024;  ///< Of one reply, inflated.
  /// PEM file of the certificate that the server must show; empty: plain text.
  std::string tls_certificate = {};
  /// Sent with each request, such as the API key.
  std::vector<std::pair<std::string, std::string>> headers = {};
};

/// One connection, opened when needed. Not thread-safe.
class Client {
 public:
  explicit Client(ClientOptions options);
  ~Client();
  Client(Client&& other) noexcept;
  Client& operator=(Client&& other) noexcept;

  /// Sends and waits for the reply, whatever its status. Host and Content-Length are added. A kept
  /// connection that the server has closed meanwhile is opened again once. A gzipped reply is
  /// inflated. Error Unavailable: no connection, no reply in time, or the connection broke.
  /// LimitExceeded: the reply is too large. Corrupt: not an HTTP reply.
  [[nodiscard]] Result<Response> send(std::string_view method, std::string_view target,
                                      std::string_view body = {},
                                      const std::vector<HeaderView>& headers = {});
  [[nodiscard]] Result<Response> get(std::string_view target,
                                     const std::vector<HeaderView>& headers = {});
  [[nodiscard]] Result<Response> post(std::string_view target, std::string_view content_type,
                                      std::string_view body, bool gzipped = false);
  /// Closes the connection; the next send() opens a new one.
  void close() noexcept;

 private:
  [[nodiscard]] Result<void> connect();
  [[nodiscard]] Result<void> shake_hands();
  [[nodiscard]] Result<void> send_all(std::string_view head, std::string_view body);
  /// Sends all of both.
  [[nodiscard]] Result<void> send_raw(std::string_view first, std::string_view second);
  [[nodiscard]] Result<void> send_encrypted();
  [[nodiscard]] Result<std::size_t> receive();
  [[nodiscard]] Result<std::size_t> receive_raw(std::span<char> room);
  [[nodiscard]] Result<std::size_t> receive_decrypted(std::span<char> room);
  [[nodiscard]] Result<Response> receive_reply(std::string_view method);
  [[nodiscard]] Result<void> receive_head(Response* reply);
  [[nodiscard]] Result<std::string> receive_body(const Response& reply);
  [[nodiscard]] Result<std::string> receive_chunks();
  [[nodiscard]] Result<Response> try_once(std::string_view method, std::string_view head,
                                          std::string_view body);

  ClientOptions options_;
  int socket_ = -1;
  std::unique_ptr<TlsSession> tls_;  // null in plain text
  std::string received_;             // bytes of the reply that have not been used yet
  bool reply_has_begun_ = false;     // of the current request
};

}  // namespace betrace::http
