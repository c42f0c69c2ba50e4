#include "betrace/bench/epoll_receiver.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <utility>

namespace betrace::bench {
namespace {

constexpr std::size_t kRoomBytes = 256 * 1024;
constexpr std::size_t kHeadBytesMax = 4 * 1024;
constexpr std::string_view kHeadEnd = "\r\n\r\n";

/// Bytes of the body that the head declares; 0 without Content-Length.
std::size_t declared_bytes(std::string_view head) {
  constexpr std::string_view kName = "\r\nContent-Length: ";
  std::size_t bytes = 0;
  const auto at = head.find(kName);
  if (at == std::string_view::npos) return 0;
  std::from_chars(head.data() + at + kName.size(), head.data() + head.size(), bytes);
  return bytes;
}

}  // namespace

EpollReceiver::Descriptor::~Descriptor() {
  if (number >= 0) ::close(number);
}

EpollReceiver::EpollReceiver(std::size_t threads)
    : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
      end_(::eventfd(0, EFD_CLOEXEC)) {
  for (std::size_t i = 0; i < threads; ++i) {
    loops_.emplace_back(::epoll_create1(EPOLL_CLOEXEC));
    (void)watch(loops_.back(), end_, &end_);
  }
}

Result<std::unique_ptr<EpollReceiver>> EpollReceiver::start(std::size_t threads) {
  std::unique_ptr<EpollReceiver> receiver(new EpollReceiver(threads));
  for (std::size_t i = 0; i < threads; ++i) {
    receiver->threads_.emplace_back([one = receiver.get(), i] { one->run(i); });
  }
  if (!receiver->listen()) {  // last, so that whoever comes finds all threads
    return fail(ErrorCode::Unavailable,
                fmt::format("cannot start a receiver: {}", std::strerror(errno)));
  }
  return receiver;
}

EpollReceiver::~EpollReceiver() {
  const std::uint64_t one = 1;
  (void)!::write(end_.number, &one, sizeof(one));
  for (std::thread& thread : threads_) thread.join();
}

bool EpollReceiver::listen() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_.number, any, size) != 0 || ::listen(listener_.number, SOMAXCONN) != 0 ||
      ::getsockname(listener_.number, any, &size) != 0) {
    return false;
  }
  port_ = ntohs(address.sin_port);
  return watch(loops_.front(), listener_, &listener_);
}

bool EpollReceiver::watch(const Descriptor& loop, const Descriptor& watched, void* which) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = which;
  return ::epoll_ctl(loop.number, EPOLL_CTL_ADD, watched.number, &event) == 0;
}

void EpollReceiver::run(std::size_t loop) {
  std::vector<char> room(kRoomBytes);
  std::array<epoll_event, 16> events;
  while (true) {
    const int count = ::epoll_wait(loops_[loop].number, events.data(), events.size(), -1);
    for (int i = 0; i < count; ++i) {
      void* const which = events[static_cast<std::size_t>(i)].data.ptr;
      if (which == &end_) return;
      if (which == &listener_) {
        accept();
        continue;
      }
      auto& connection = *static_cast<Connection*>(which);
      // Its descriptor is closed with all others.
      if (!serve(connection, room)) ::shutdown(connection.socket.number, SHUT_RDWR);
    }
  }
}

void EpollReceiver::accept() {
  const int opened =
      ::accept4(listener_.number, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (opened < 0) return;
  const int on = 1;
  ::setsockopt(opened, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  const Descriptor& loop = loops_[connections_.size() % loops_.size()];
  Connection& connection = connections_.emplace_back(opened);
  (void)watch(loop, connection.socket, &connection);
}

bool EpollReceiver::serve(Connection& connection, std::span<char> room) {
  const ssize_t count = ::recv(connection.socket.number, room.data(), room.size(), 0);
  if (count <= 0) return count < 0 && errno == EAGAIN;
  return take(connection, {room.data(), static_cast<std::size_t>(count)});
}

bool EpollReceiver::take(Connection& connection, std::string_view came) {
  while (!came.empty()) {
    std::string& head = connection.head;
    if (connection.body_left == 0) {
      const std::size_t before = head.size();
      head.append(came.substr(0, kHeadBytesMax - before));
      const auto end = head.find(kHeadEnd);
      if (end == std::string::npos) return head.size() < kHeadBytesMax;
      head.resize(end + kHeadEnd.size());
      came.remove_prefix(head.size() - before);
      connection.body_left = declared_bytes(head);
    }
    const std::size_t taken = std::min(came.size(), connection.body_left);
    came.remove_prefix(taken);
    connection.body_left -= taken;
    if (connection.body_left > 0) return true;
    if (!answer(connection)) return false;
    head.clear();
  }
  return true;
}

bool EpollReceiver::answer(Connection& connection) {
  static constexpr std::string_view kTaken =
      "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n";
  const auto send = [&connection](std::string_view text) {
    return ::send(connection.socket.number, text.data(), text.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(text.size());
  };
  if (connection.head.starts_with("GET ")) {
    const std::string text = metrics();
    return send(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", text.size(), text));
  }
  ++posts_;
  return send(kTaken);
}

std::string EpollReceiver::metrics() const {
  double seconds = 0;
  for (const std::thread& thread : threads_) {
    clockid_t clock{};
    timespec used{};
    const auto handle = const_cast<std::thread&>(thread).native_handle();
    if (::pthread_getcpuclockid(handle, &clock) == 0) ::clock_gettime(clock, &used);
    seconds += static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
  }
  return fmt::format(
      "process_cpu_seconds_total {}\nhttp_requests_total{{route=\"/v1/traces\",status=\"200\"}} {}\n",
      seconds, posts_.load());
}

}  // namespace betrace::bench
