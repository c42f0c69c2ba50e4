#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "betrace/base/check.h"
#include "betrace/bench/transport.h"
#include "betrace/http/message_frame.h"

namespace betrace::bench {
namespace {

constexpr int kSocketSeconds = 60;  // of each connect, send and receive
constexpr std::size_t kSendStep = 256 * 1024;
constexpr std::string_view kExportPath =
    "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

Result<void> socket_error(const char* what, const Target& target) {
  return fail(ErrorCode::Unavailable,
              fmt::format("{}: {}: {}", text_of(target), what, std::strerror(errno)));
}

/// A blocking TCP connection. Owns its descriptor.
class CallSocket {
 public:
  CallSocket() = default;
  ~CallSocket() { close(); }
  CallSocket(const CallSocket&) = delete;
  CallSocket& operator=(const CallSocket&) = delete;

  Result<void> connect(const Target& target) {
    close();
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(target.host.c_str(), std::to_string(target.port).c_str(), &hints, &found) !=
        0) {
      return fail(ErrorCode::Unavailable, fmt::format("{}: no such host", text_of(target)));
    }
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, freeaddrinfo);
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
      socket_ = ::socket(each->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (socket_ < 0) continue;
      const timeval time{kSocketSeconds, 0};
      const int on = 1;
      setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
      setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
      setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      if (::connect(socket_, each->ai_addr, each->ai_addrlen) == 0) return {};
      close();
    }
    return socket_error("cannot connect", target);
  }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// Nothing at all is the end of the connection, or no answer in time.
  std::string_view receive() {
    const ssize_t got = ::recv(socket_, received_.data(), received_.size(), 0);
    return got <= 0 ? std::string_view()
                    : std::string_view(received_.data(), static_cast<std::size_t>(got));
  }

 private:
  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }

  int socket_ = -1;
  std::array<char, 16 * 1024> received_{};
};

/// One call at a time over one connection. DATA frames are 16 KiB, as most clients send them.
class GrpcTransport : public Transport {
 public:
  explicit GrpcTransport(const TransportOptions& options)
      : target_(options.target),
        is_gzipped_(options.is_gzipped),
        authority_(fmt::format("{}:{}", target_.host, target_.port)) {}
  ~GrpcTransport() override { nghttp2_session_del(session_); }
  GrpcTransport(const GrpcTransport&) = delete;
  GrpcTransport& operator=(const GrpcTransport&) = delete;

  Result<Answer> exchange(std::string_view body) override {
    if (session_ == nullptr || nghttp2_session_check_request_allowed(session_) == 0) {
      if (auto done = connect(); !done) return fail(done.error());
    }
    begin_call(body);
    while (!is_closed_) {
      if (!send_output()) return broken("cannot send");
      if (is_closed_) break;
      errno = 0;
      const std::string_view bytes = socket_.receive();
      if (bytes.empty()) return broken("no answer");
      const auto used = nghttp2_session_mem_recv(session_, bytes_of(bytes), bytes.size());
      if (used < 0) return broken("not HTTP/2");
    }
    return judge();
  }

 private:
  static GrpcTransport& of(void* user) { return *static_cast<GrpcTransport*>(user); }
  // The library copies what these point to; its type does not say so.
  static std::uint8_t* bytes_of(std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  }

  Result<void> connect() {
    if (auto done = socket_.connect(target_); !done) return done;
    nghttp2_session_del(session_);
    session_ = nullptr;
    nghttp2_session_callbacks* callbacks = nullptr;
    BETRACE_CHECK(nghttp2_session_callbacks_new(&callbacks) == 0);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_field);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    const int made = nghttp2_session_client_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    BETRACE_CHECK(made == 0);
    BETRACE_CHECK(nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr, 0) == 0);
    return {};
  }

  void begin_call(std::string_view body) {
    const auto length = static_cast<std::uint32_t>(body.size());
    prefix_ = {static_cast<char>(is_gzipped_ ? 1 : 0), static_cast<char>(length >> 24 & 0xff),
               static_cast<char>(length >> 16 & 0xff), static_cast<char>(length >> 8 & 0xff),
               static_cast<char>(length & 0xff)};
    unsent_ = {std::string_view(prefix_.data(), prefix_.size()), body};
    is_closed_ = false;
    status_.clear();
    message_.clear();
    reply_.clear();
    may_come_later_ = false;
    std::vector<nghttp2_nv> fields;
    const auto add = [&fields](std::string_view name, std::string_view value) {
      fields.push_back(
          {bytes_of(name), bytes_of(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
    };
    add(":method", "POST");
    add(":scheme", "http");
    add(":path", kExportPath);
    add(":authority", authority_);
    add("te", "trailers");
    add("content-type", "application/grpc");
    if (is_gzipped_) add("grpc-encoding", "gzip");
    nghttp2_data_provider provider{};
    provider.read_callback = read_body;
    stream_ =
        nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(), &provider, nullptr);
    is_closed_ = stream_ < 0;  // then judge() finds no status
  }

  bool send_output() {
    for (;;) {
      output_.clear();
      const std::uint8_t* bytes = nullptr;
      ssize_t count = 0;
      while (output_.size() < kSendStep &&
             (count = nghttp2_session_mem_send(session_, &bytes)) > 0) {
        output_.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(count));
      }
      if (count < 0) return false;
      if (output_.empty()) return true;
      if (!socket_.send(output_)) return false;
    }
  }

  Result<Answer> broken(const char* what) {
    nghttp2_session_del(session_);
    session_ = nullptr;
    return fail(socket_error(what, target_).error());
  }

  // Source: OTLP specification, failures: RESOURCE_EXHAUSTED is retryable with RetryInfo only.
  [[nodiscard]] Result<Answer> judge() const {
    constexpr std::string_view kWhole("\0\0\0\0\0", 5);  // a reply without any field
    if (status_ == "0" && reply_ == kWhole) return Answer::Accepted;
    if (status_ == "14" || (status_ == "8" && may_come_later_)) return Answer::Refused;
    return fail(ErrorCode::Corrupt, fmt::format("Export answered status \"{}\" with {} bytes: {}",
                                                status_, reply_.size(), message_));
  }

  static int on_field(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                      std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                      std::uint8_t, void* user) {
    GrpcTransport& call = of(user);
    if (frame->hd.stream_id != call.stream_) return 0;
    const std::string_view field(reinterpret_cast<const char*>(name), name_size);
    const std::string_view text(reinterpret_cast<const char*>(value), value_size);
    if (field == "grpc-status") call.status_ = text;
    if (field == "grpc-message") call.message_ = text;
    if (field == "grpc-status-details-bin") call.may_come_later_ = true;
    return 0;
  }

  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t stream, const std::uint8_t* bytes,
                     std::size_t size, void* user) {
    if (stream != of(user).stream_) return 0;
    of(user).reply_.append(reinterpret_cast<const char*>(bytes), size);
    return 0;
  }

  static int on_close(nghttp2_session*, std::int32_t stream, std::uint32_t, void* user) {
    if (stream == of(user).stream_) of(user).is_closed_ = true;
    return 0;
  }

  static ssize_t read_body(nghttp2_session*, std::int32_t, std::uint8_t* bytes, std::size_t room,
                           std::uint32_t* flags, nghttp2_data_source*, void* user) {
    std::size_t filled = 0;
    for (std::string_view& part : of(user).unsent_) {
      const std::size_t count = std::min(room - filled, part.size());
      std::memcpy(bytes + filled, part.data(), count);
      part.remove_prefix(count);
      filled += count;
    }
    if (of(user).unsent_.back().empty()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(filled);
  }

  Target target_;
  bool is_gzipped_;
  std::string authority_;
  CallSocket socket_;
  nghttp2_session* session_ = nullptr;
  std::string output_;
  // Of the running call.
  std::int32_t stream_ = -1;
  std::array<char, http::kMessagePrefixBytes> prefix_{};
  std::array<std::string_view, 2> unsent_;
  bool is_closed_ = false;
  std::string status_;
  std::string message_;
  std::string reply_;
  bool may_come_later_ = false;
};

}  // namespace

std::unique_ptr<Transport> open_grpc_transport(const TransportOptions& options) {
  return std::make_unique<GrpcTransport>(options);
}

}  // namespace betrace::bench
