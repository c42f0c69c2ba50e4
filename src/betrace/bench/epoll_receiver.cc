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
#include <string_view>
#include <utility>

namespace betrace::bench {
namespace {

/// Size of head and body; 0 if the head has not come whole.
std::size_t request_bytes(std::string_view came) {
  constexpr std::string_view kHeadEnd = "\r\n\r\n";
  constexpr std::string_view kLength = "\r\nContent-Length: ";
  const auto end = came.find(kHeadEnd);
  if (end == std::string_view::npos) return 0;
  std::size_t body = 0;
  const auto at = came.substr(0, end).find(kLength);
  if (at != std::string_view::npos) {
    std::from_chars(came.data() + at + kLength.size(), came.data() + end, body);
  }
  return end + kHeadEnd.size() + body;
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
      if (!serve(connection)) ::shutdown(connection.socket.number, SHUT_RDWR);
    }
  }
}

void EpollReceiver::accept() {
  const int opened = ::accept4(listener_.number, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (opened < 0) return;
  const int on = 1;
  ::setsockopt(opened, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  const Descriptor& loop = loops_[connections_.size() % loops_.size()];
  Connection& connection = connections_.emplace_back(opened);
  (void)watch(loop, connection.socket, &connection);
}

/// False if the connection is of no use any more.
bool EpollReceiver::serve(Connection& connection) {
  std::vector<char>& room = connection.room;
  const ssize_t count = ::recv(connection.socket.number, room.data() + connection.filled,
                               room.size() - connection.filled, 0);
  if (count <= 0) return count < 0 && errno == EAGAIN;
  connection.filled += static_cast<std::size_t>(count);
  if (connection.wanted == 0) {
    connection.wanted = request_bytes({room.data(), connection.filled});
    if (connection.wanted == 0) return connection.filled < room.size();
    room.resize(std::max(room.size(), connection.wanted));
  }
  return connection.filled < connection.wanted || answer(connection);
}

bool EpollReceiver::answer(Connection& connection) {
  static constexpr std::string_view kTaken =
      "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n";
  const auto send = [&connection](std::string_view text) {
    return ::send(connection.socket.number, text.data(), text.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(text.size());
  };
  connection.filled = 0;
  connection.wanted = 0;
  if (connection.room.front() == 'G') {
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
      "process_cpu_seconds_total {}\nhttp_requests_total{{route=\"/v1/traces\",status=\"200\"}} "
      "{}\n",
      seconds, posts_.load());
}

}  // namespace betrace::bench
