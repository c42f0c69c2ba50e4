#include "betrace/http/client.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <utility>

#include "betrace/http/chunk_decoder.h"
#include "betrace/http/gzip.h"
#include "betrace/http/head_reader.h"
#include "betrace/http/reply_writer.h"

namespace betrace::http {
namespace {

constexpr std::size_t kHeadBytesMax = 64 * 1024;
constexpr std::size_t kReceiveStep = 64 * 1024;

struct FreeAddresses {
  void operator()(addrinfo* addresses) const noexcept { freeaddrinfo(addresses); }
};

std::string errno_text() { return std::strerror(errno); }

void set_timeouts(int socket, std::chrono::milliseconds timeout) {
  timeval time{};
  time.tv_sec = timeout.count() / 1'000;
  time.tv_usec = (timeout.count() % 1'000) * 1'000;
  setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
  setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

std::string request_head(const ClientOptions& options, std::string_view method,
                         std::string_view target, std::size_t body_bytes,
                         const std::vector<HeaderView>& headers) {
  const bool v6 = options.host.find(':') != std::string::npos;
  std::string text;
  text.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: ");
  text.append(v6 ? "[" + options.host + "]" : options.host);
  text.append(":").append(std::to_string(options.port)).append("\r\n");
  for (const auto& [name, value] : options.headers) {
    text.append(name).append(": ").append(value).append("\r\n");
  }
  for (const HeaderView& header : headers) {
    text.append(header.name).append(": ").append(header.value).append("\r\n");
  }
  if (body_bytes > 0 || method == "POST" || method == "PUT" || method == "PATCH") {
    text.append("Content-Length: ").append(std::to_string(body_bytes)).append("\r\n");
  }
  return text.append("\r\n");
}

tl::unexpected<Error> not_http() { return fail(ErrorCode::Corrupt, "the reply is not HTTP/1.1"); }

/// Reads `HTTP/1.1 200 OK` and the fields of a complete head.
bool read_reply_head(std::string_view text, Response* reply) {
  const std::string_view line = text.substr(0, text.find("\r\n"));
  if (line.size() < 12 || !line.starts_with("HTTP/1.")) return false;
  const auto [end, error] = std::from_chars(line.data() + 9, line.data() + 12, reply->status);
  if (error != std::errc{} || end != line.data() + 12) return false;
  text.remove_prefix(line.size() + 2);
  while (text.size() > 2) {
    const std::string_view field = text.substr(0, text.find("\r\n"));
    text.remove_prefix(field.size() + 2);
    const auto colon = field.find(':');
    if (colon == std::string_view::npos) return false;
    reply->headers.add(field.substr(0, colon), trimmed(field.substr(colon + 1)));
  }
  return true;
}

Result<std::string> inflated(std::string_view body, std::size_t bytes_max) {
  // Room for the buffer that is full and the one that it moves into.
  BodyBufferPool pool(4 * bytes_max + kPooledBytesMax);
  BodyBuffer out = pool.take();
  const auto result = inflate_gzip(body, {bytes_max}, out);
  if (!result) return fail(result.error());
  return std::string(out.text());
}

}  // namespace

Client::Client(ClientOptions options) : options_(std::move(options)) {}

Client::~Client() { close(); }

Client::Client(Client&& other) noexcept
    : options_(std::move(other.options_)),
      socket_(std::exchange(other.socket_, -1)),
      tls_(std::move(other.tls_)),
      received_(std::move(other.received_)) {}

Client& Client::operator=(Client&& other) noexcept {
  if (this != &other) {
    close();
    options_ = std::move(other.options_);
    socket_ = std::exchange(other.socket_, -1);
    tls_ = std::move(other.tls_);
    received_ = std::move(other.received_);
  }
  return *this;
}

void Client::close() noexcept {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
  tls_.reset();
  received_.clear();
}

Result<Response> Client::send(std::string_view method, std::string_view target,
                              std::string_view body, const std::vector<HeaderView>& headers) {
  const std::string head = request_head(options_, method, target, body.size(), headers);
  const bool was_open = socket_ >= 0;
  Result<Response> reply = try_once(method, head, body);
  // A kept connection may have been closed by the server just before: nothing was answered then.
  if (!reply && was_open && !reply_has_begun_ && reply.error().code == ErrorCode::Unavailable) {
    reply = try_once(method, head, body);
  }
  return reply;
}

Result<Response> Client::get(std::string_view target, const std::vector<HeaderView>& headers) {
  return send("GET", target, {}, headers);
}

Result<Response> Client::post(std::string_view target, std::string_view content_type,
                              std::string_view body, bool gzipped) {
  if (!gzipped) return send("POST", target, body, {{"Content-Type", content_type}});
  return send("POST", target, gzip(body, 1),
              {{"Content-Type", content_type}, {"Content-Encoding", "gzip"}});
}

Result<Response> Client::try_once(std::string_view method, std::string_view head,
                                  std::string_view body) {
  reply_has_begun_ = false;
  if (socket_ < 0) {
    if (const auto connected = connect(); !connected) return fail(connected.error());
  }
  // A server may refuse early and close: its reply counts, even if not all could be sent.
  const auto sent = send_all(head, body);
  Result<Response> reply = receive_reply(method);
  if (!reply) {
    close();
    return !sent && !reply_has_begun_ ? fail(sent.error()) : fail(reply.error());
  }
  const auto connection = reply->headers.find("Connection");
  if (!sent || (connection && list_contains(*connection, "close"))) close();
  return reply;
}

Result<void> Client::connect() {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(options_.port);
  const std::string place = options_.host + ":" + port;
  if (getaddrinfo(options_.host.c_str(), port.c_str(), &hints, &found) != 0) {
    return fail(ErrorCode::Unavailable, "cannot resolve " + options_.host);
  }
  const std::unique_ptr<addrinfo, FreeAddresses> addresses(found);
  std::string why = "no address";
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    const int opened = ::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (opened < 0) continue;
    set_timeouts(opened, options_.timeout);
    if (::connect(opened, address->ai_addr, address->ai_addrlen) == 0) {
      socket_ = opened;
      return shake_hands();
    }
    why = errno_text();
    ::close(opened);
  }
  return fail(ErrorCode::Unavailable, "cannot connect to " + place + ": " + why);
}

/// Nothing in plain text.
Result<void> Client::shake_hands() {
  if (options_.tls_certificate.empty()) return {};
  auto session = connect_tls(options_.tls_certificate);
  if (!session) return fail(session.error());
  tls_ = std::move(*session);
  std::vector<char> room(kReceiveStep);
  while (true) {
    const TlsSession::Progress progress = tls_->handshake();
    if (auto sent = send_encrypted(); !sent) return sent;
    if (progress == TlsSession::Progress::Done) return {};
    const auto count = progress == TlsSession::Progress::NeedMore
                           ? receive_raw(room)
                           : Result<std::size_t>(std::size_t{0});
    if (!count) return fail(count.error());
    if (*count == 0) {
      close();
      return fail(ErrorCode::Unavailable, "the server does not show the certificate of tls.cert");
    }
    tls_->receive({room.data(), *count});
  }
}

Result<void> Client::send_all(std::string_view head, std::string_view body) {
  if (tls_ == nullptr) return send_raw(head, body);
  if (!tls_->write(head) || (!body.empty() && !tls_->write(body))) {
    return fail(ErrorCode::Unavailable, "cannot send: TLS is broken");
  }
  return send_encrypted();
}

Result<void> Client::send_encrypted() {
  std::string bytes;
  tls_->take_output(&bytes);
  return send_raw(bytes, {});
}

Result<void> Client::send_raw(std::string_view first, std::string_view second) {
  while (!first.empty() || !second.empty()) {
    // Only read; their type does not say so.
    std::array<iovec, 2> parts{iovec{const_cast<char*>(first.data()), first.size()},
                               iovec{const_cast<char*>(second.data()), second.size()}};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    const ssize_t sent = ::sendmsg(socket_, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return fail(ErrorCode::Unavailable, "cannot send: " + errno_text());
    const auto bytes = static_cast<std::size_t>(sent);
    const std::size_t of_first = std::min(bytes, first.size());
    first.remove_prefix(of_first);
    second.remove_prefix(bytes - of_first);
  }
  return {};
}

/// Receives some more; 0 at the end of the connection.
Result<std::size_t> Client::receive() {
  const std::size_t before = received_.size();
  received_.resize(before + kReceiveStep);
  const std::span<char> room(received_.data() + before, kReceiveStep);
  const auto count = tls_ == nullptr ? receive_raw(room) : receive_decrypted(room);
  received_.resize(before + count.value_or(0));
  if (count && *count > 0) reply_has_begun_ = true;
  return count;
}

Result<std::size_t> Client::receive_decrypted(std::span<char> room) {
  std::vector<char> encrypted(kReceiveStep);
  while (true) {
    std::size_t count = 0;
    const TlsSession::Progress progress = tls_->read(room, &count);
    if (progress != TlsSession::Progress::NeedMore) return count;  // 0 at the end
    const auto received = receive_raw(encrypted);
    if (!received || *received == 0) return received;
    tls_->receive({encrypted.data(), *received});
  }
}

Result<std::size_t> Client::receive_raw(std::span<char> room) {
  ssize_t count = -1;
  do {
    count = ::recv(socket_, room.data(), room.size(), 0);
  } while (count < 0 && errno == EINTR);
  const int error = errno;
  if (count < 0) {
    const bool late = error == EAGAIN || error == EWOULDBLOCK;
    return fail(ErrorCode::Unavailable,
                late ? "no reply in time" : std::string("cannot receive: ") + std::strerror(error));
  }
  return static_cast<std::size_t>(count);
}

Result<Response> Client::receive_reply(std::string_view method) {
  Response reply;
  do {
    reply = Response{};
    if (const auto head = receive_head(&reply); !head) return fail(head.error());
  } while (reply.status < 200);
  if (!has_body(reply.status, method)) return reply;
  Result<std::string> body = receive_body(reply);
  if (!body) return fail(body.error());
  reply.body = std::move(*body);
  if (reply.headers.find("Content-Encoding") == "gzip") {
    Result<std::string> plain = inflated(reply.body, options_.reply_bytes_max);
    if (!plain) return fail(plain.error());
    reply.body = std::move(*plain);
  }
  return reply;
}

Result<void> Client::receive_head(Response* reply) {
  std::size_t end = received_.find("\r\n\r\n");
  while (end == std::string::npos) {
    if (received_.size() > kHeadBytesMax) return not_http();
    const auto count = receive();
    if (!count) return fail(count.error());
    if (*count == 0) return fail(ErrorCode::Unavailable, "the connection was closed");
    end = received_.find("\r\n\r\n");
  }
  if (!read_reply_head(std::string_view(received_).substr(0, end + 4), reply)) return not_http();
  received_.erase(0, end + 4);
  return {};
}

Result<std::string> Client::receive_body(const Response& reply) {
  const auto coding = reply.headers.find("Transfer-Encoding");
  if (coding && list_contains(*coding, "chunked")) return receive_chunks();
  const auto text = reply.headers.find("Content-Length");
  std::size_t length = options_.reply_bytes_max + 1;
  if (text) {
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), length);
    if (error != std::errc{} || end != text->data() + text->size()) return not_http();
  }
  while (received_.size() < length) {
    if (received_.size() > options_.reply_bytes_max) break;
    const auto count = receive();
    if (!count) return fail(count.error());
    if (*count > 0) continue;
    if (text) return fail(ErrorCode::Unavailable, "the connection was closed within a reply");
    length = received_.size();  // a reply without a length ends with its connection
  }
  if (length > options_.reply_bytes_max) {
    return fail(ErrorCode::LimitExceeded, "the reply is too large");
  }
  std::string body = received_.substr(0, length);
  received_.erase(0, length);
  if (!text) close();
  return body;
}

Result<std::string> Client::receive_chunks() {
  ChunkDecoder decoder;
  std::string body;
  while (true) {
    const std::string_view input = received_;
    std::size_t used = 0;
    ChunkDecoder::Step step;
    do {
      step = decoder.next(input.substr(used));
      if (step.status == ChunkDecoder::Status::Malformed) return not_http();
      if (step.data.size() > options_.reply_bytes_max - body.size()) {
        return fail(ErrorCode::LimitExceeded, "the reply is too large");
      }
      body += step.data;
      used += step.used;
    } while (step.status == ChunkDecoder::Status::NeedMore && step.used > 0);
    received_.erase(0, used);
    if (step.status == ChunkDecoder::Status::Complete) return body;
    const auto count = receive();
    if (!count) return fail(count.error());
    if (*count == 0)
      return fail(ErrorCode::Unavailable, "the connection was closed within a reply");
  }
}

}  // namespace betrace::http
