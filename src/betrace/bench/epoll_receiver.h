// E: as little as a server can do for a request: receive all of it, count it, answer 200.
//
// Used by load_run.h, as the baseline of our door: what sockets alone can do. Speaks just enough of
// HTTP/1.1 for the load generator: a head, Content-Length bytes, and nothing more until they are
// answered. GET is answered with the numbers that a server which discards is asked for, as if it
// were /metrics. A request lies whole in memory before its answer, as it must for whoever reads it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/bench/transport.h"

namespace betrace::bench {

/// Running from start() to the destructor. Connections are served by the threads in turn.
class EpollReceiver {
 public:
  /// Listens on a free port of 127.0.0.1. Error Unavailable: a system call failed.
  [[nodiscard]] static Result<std::unique_ptr<EpollReceiver>> start(std::size_t threads);
  ~EpollReceiver();
  EpollReceiver(const EpollReceiver&) = delete;
  EpollReceiver& operator=(const EpollReceiver&) = delete;

  [[nodiscard]] Target target() const { return {"http", "127.0.0.1", port_}; }

 private:
  struct Descriptor {
    explicit Descriptor(int opened) : number(opened) {}
    ~Descriptor();
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    const int number;
  };
  struct Connection {
    explicit Connection(int opened) : socket(opened) {}
    Descriptor socket;
    std::vector<char> room{std::vector<char>(16 * 1024)};
    std::size_t filled = 0;  // bytes of the request that have come
    std::size_t wanted = 0;  // its size; 0 until its head has come
  };

  explicit EpollReceiver(std::size_t threads);
  [[nodiscard]] bool listen();
  [[nodiscard]] static bool watch(const Descriptor& loop, const Descriptor& watched, void* which);
  void run(std::size_t loop);
  void accept();
  [[nodiscard]] bool serve(Connection& connection);
  [[nodiscard]] bool answer(Connection& connection);
  [[nodiscard]] std::string metrics() const;

  std::uint16_t port_ = 0;
  std::atomic<std::uint64_t> posts_{0};  // answered
  Descriptor listener_;
  Descriptor end_;  // readable when all threads are to end
  std::deque<Descriptor> loops_;
  std::deque<Connection> connections_;  // grown by the first thread, which accepts
  std::vector<std::thread> threads_;
};

}  // namespace betrace::bench
