#include "betrace/http/server.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

#include "betrace/base/check.h"
#include "betrace/http/call_connection.h"
#include "betrace/http/connection.h"

namespace betrace::http {
namespace {

/// Pause after an accept that failed for want of descriptors or memory.
constexpr std::chrono::milliseconds kAcceptPause{100};
/// How often another free port is tried when one is not free on all addresses.
constexpr int kPortTries = 16;

ServerObserver* deaf_observer() {
  static ServerObserver observer;
  return &observer;
}

/// One thread with its event loop and the connections that live on it. All but the constructor and
/// run() happens on the thread.
struct Loop {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::unordered_set<ServedConnection*> connections;
  std::thread thread;
};

/// Counts open connections, in all and by address. Thread-safe.
class Census {
 public:
  explicit Census(const ServerLimits& limits) : limits_(limits) {}

  /// Returns the limit that forbids one more from there, or nothing and counts it.
  std::optional<std::string_view> enter(const std::string& address) {
    const std::lock_guard lock(mutex_);
    if (total_ >= limits_.connections) return "connections";
    const std::size_t from_there = by_address_[address];
    if (limits_.connections_per_ip > 0 && from_there >= limits_.connections_per_ip) {
      return "connections_per_ip";
    }
    ++by_address_[address];
    ++total_;
    return std::nullopt;
  }

  void leave(const std::string& address) {
    const std::lock_guard lock(mutex_);
    const auto entry = by_address_.find(address);
    if (--entry->second == 0) by_address_.erase(entry);
    if (--total_ == 0) empty_.notify_all();
  }

  [[nodiscard]] std::size_t total() const {
    const std::lock_guard lock(mutex_);
    return total_;
  }

  /// Returns as soon as there is none; false if that takes longer than `patience`.
  bool wait_empty_for(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    return empty_.wait_for(lock, patience, [this] { return total_ == 0; });
  }

  void wait_empty() {
    std::unique_lock lock(mutex_);
    empty_.wait(lock, [this] { return total_ == 0; });
  }

 private:
  const ServerLimits limits_;
  mutable std::mutex mutex_;
  std::condition_variable empty_;
  std::size_t total_ = 0;
  std::map<std::string, std::size_t> by_address_;  // ordered: its keys are untrusted
};

/// One port on its addresses, with the threads that serve it. The first accepts for all.
struct Listener {
  Listener(std::vector<std::string> bind_addresses, std::size_t threads)
      : addresses(std::move(bind_addresses)) {
    for (std::size_t index = 0; index < std::max<std::size_t>(threads, 1); ++index) {
      loops.push_back(std::make_unique<Loop>());
    }
  }

  const std::vector<std::string> addresses;
  std::unique_ptr<const Service> requests;  // of HTTP/1.1; else null, and `calls` is set
  std::unique_ptr<CallService> calls;
  std::vector<std::unique_ptr<Loop>> loops;
  std::vector<tcp::acceptor> acceptors;  // touched by the first loop only, once started
  std::size_t next_loop = 0;             // likewise
};

tl::unexpected<Error> cannot_bind(const std::string& address, std::uint16_t port,
                                  const boost::system::error_code& error) {
  return fail(ErrorCode::Unavailable, "cannot listen on " + address + " port " +
                                          std::to_string(port) + ": " + error.message());
}

/// True if this machine has no IPv6 at all, as many containers do.
bool lacks_family(const boost::system::error_code& error) {
  return error == asio::error::address_family_not_supported ||
         error == boost::system::errc::address_not_available;
}

boost::system::error_code bind_to(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
  boost::system::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (error) return error;
  acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (error) return error;
  if (endpoint.address().is_v6()) {
    // `::` is meant to serve IPv4 too.
    const bool only = !endpoint.address().is_unspecified();
    acceptor.set_option(asio::ip::v6_only(only), error);
    if (error) return error;
  }
  acceptor.bind(endpoint, error);
  if (error) return error;
  acceptor.listen(asio::socket_base::max_listen_connections, error);
  return error;
}

/// Binds all addresses to one port and returns it.
Result<std::uint16_t> bind_all(Listener& listener, std::uint16_t port) {
  listener.acceptors.clear();
  for (const std::string& text : listener.addresses) {
    boost::system::error_code error;
    const auto address = asio::ip::make_address(text, error);
    if (error) return fail(ErrorCode::InvalidArgument, "bind address " + text + " is not legal");
    tcp::acceptor acceptor(listener.loops.front()->context);
    error = bind_to(acceptor, {address, port});
    if (error && address.is_v6() && lacks_family(error) && !listener.acceptors.empty()) continue;
    if (error) return cannot_bind(text, port, error);
    port = acceptor.local_endpoint(error).port();
    listener.acceptors.push_back(std::move(acceptor));
  }
  if (listener.acceptors.empty()) return fail(ErrorCode::InvalidArgument, "bind has no address");
  return port;
}

}  // namespace

struct Server::State {
  State(const ServerLimits& server_limits, ServerObserver* server_observer, std::size_t threads)
      : limits(server_limits),
        observer(server_observer != nullptr ? server_observer : deaf_observer()),
        bodies(limits.bodies_bytes),
        census(limits),
        pool(std::max<std::size_t>(threads, 1)) {}

  asio::awaitable<void> accept(Listener& listener, tcp::acceptor& acceptor);
  void welcome(Listener& listener, Loop& loop, tcp::socket socket);
  asio::awaitable<void> serve(Loop& loop, std::shared_ptr<ServedConnection> connection,
                              std::string address);
  std::shared_ptr<ServedConnection> connect(Listener& listener, tcp::socket socket,
                                            const std::string& address);
  Result<std::uint16_t> add(std::unique_ptr<Listener> listener, std::uint16_t wanted);
  void on_every_loop(const std::function<void(Listener&, Loop&)>& action);
  void join();

  const ServerLimits limits;
  ServerObserver* const observer;
  BodyBufferPool bodies;
  Census census;
  asio::thread_pool pool;
  std::vector<std::unique_ptr<Listener>> listeners;
  std::atomic<bool> draining{false};
  bool started = false;
};

asio::awaitable<void> Server::State::accept(Listener& listener, tcp::acceptor& acceptor) {
  while (acceptor.is_open()) {
    Loop& loop = *listener.loops[listener.next_loop];
    listener.next_loop = (listener.next_loop + 1) % listener.loops.size();
    auto [error, socket] = co_await acceptor.async_accept(loop.context, kAwaitTuple);
    if (!error) {
      try {
        welcome(listener, loop, std::move(socket));
      } catch (const std::exception& exception) {  // no memory: this client is lost, not the next
        observer->handler_failed(RequestHead{}, exception.what());
      }
    } else if (acceptor.is_open()) {
      asio::steady_timer pause(acceptor.get_executor(), kAcceptPause);
      co_await pause.async_wait(kAwaitTuple);
    }
  }
}

void Server::State::welcome(Listener& listener, Loop& loop, tcp::socket socket) {
  boost::system::error_code error;
  auto remote = socket.remote_endpoint(error).address();
  if (error) return;  // gone already
  if (remote.is_v6() && remote.to_v6().is_v4_mapped()) {
    remote = asio::ip::make_address_v4(asio::ip::v4_mapped, remote.to_v6());
  }
  const std::string address = remote.to_string();
  if (const auto limit = census.enter(address)) {
    observer->connection_refused(*limit);
    return;
  }
  socket.set_option(tcp::no_delay(true), error);
  auto connection = connect(listener, std::move(socket), address);
  asio::co_spawn(loop.context, serve(loop, std::move(connection), address), asio::detached);
}

std::shared_ptr<ServedConnection> Server::State::connect(Listener& listener, tcp::socket socket,
                                                         const std::string& address) {
  if (listener.calls == nullptr) {
    const auto& files = listener.requests->options.tls;
    Channel channel(std::move(socket), files ? files->accept(TlsProtocol::Http1) : nullptr);
    return std::make_shared<Connection>(std::move(channel), address, *listener.requests, pool);
  }
  const auto& files = listener.calls->options.tls;
  Channel channel(std::move(socket), files ? files->accept(TlsProtocol::Http2) : nullptr);
  static thread_local std::minstd_rand jitter(std::random_device{}());
  return std::make_shared<CallConnection>(std::move(channel), address, *listener.calls,
                                          static_cast<std::uint32_t>(jitter()));
}

asio::awaitable<void> Server::State::serve(Loop& loop, std::shared_ptr<ServedConnection> connection,
                                           std::string address) {
  loop.connections.insert(connection.get());
  if (draining) connection->drain();
  try {
    co_await connection->serve();
  } catch (const std::exception& exception) {
    connection->cut();  // no memory, most likely
    observer->handler_failed(RequestHead{}, exception.what());
  }
  loop.connections.erase(connection.get());
  census.leave(address);
}

/// Runs `action` on each loop's thread and waits until all are done.
void Server::State::on_every_loop(const std::function<void(Listener&, Loop&)>& action) {
  std::vector<std::future<void>> done;
  for (const auto& listener : listeners) {
    for (const auto& loop : listener->loops) {
      auto promise = std::make_shared<std::promise<void>>();
      done.push_back(promise->get_future());
      asio::post(loop->context, [&action, promise, served = listener.get(), on = loop.get()] {
        action(*served, *on);
        promise->set_value();
      });
    }
  }
  for (auto& future : done) future.wait();
}

void Server::State::join() {
  for (const auto& listener : listeners) {
    for (const auto& loop : listener->loops) {
      loop->work.reset();
      if (loop->thread.joinable()) loop->thread.join();
    }
  }
  pool.join();
}

Server::Server(ServerLimits limits, ServerObserver* observer, std::size_t pool_threads)
    : state_(std::make_unique<State>(limits, observer, pool_threads)) {}

Server::~Server() { stop(std::chrono::milliseconds(0)); }

Result<std::uint16_t> Server::State::add(std::unique_ptr<Listener> listener, std::uint16_t wanted) {
  BETRACE_CHECK(!started);
  Result<std::uint16_t> port = bind_all(*listener, wanted);
  for (int again = 1; !port && wanted == 0 && again < kPortTries; ++again) {
    port = bind_all(*listener, wanted);
  }
  if (port) listeners.push_back(std::move(listener));
  return port;
}

Result<std::uint16_t> Server::listen(ListenerOptions options, RouteTable routes) {
  auto listener = std::make_unique<Listener>(options.addresses, options.threads);
  const std::uint16_t wanted = options.port;
  listener->requests.reset(new Service{std::move(options), std::move(routes), state_->limits,
                                       state_->observer, &state_->bodies});
  return state_->add(std::move(listener), wanted);
}

Result<std::uint16_t> Server::listen_for_calls(CallListenerOptions options, CallTable methods) {
  auto listener = std::make_unique<Listener>(options.addresses, options.threads);
  const std::uint16_t wanted = options.port;
  listener->calls = std::make_unique<CallService>(
      std::move(options), std::move(methods), state_->limits, state_->observer, &state_->bodies);
  return state_->add(std::move(listener), wanted);
}

void Server::start() {
  BETRACE_CHECK(!state_->started);
  state_->started = true;
  for (const auto& listener : state_->listeners) {
    for (tcp::acceptor& acceptor : listener->acceptors) {
      asio::co_spawn(listener->loops.front()->context, state_->accept(*listener, acceptor),
                     asio::detached);
    }
    for (const auto& loop : listener->loops) {
      loop->thread = std::thread([context = &loop->context] { context->run(); });
    }
  }
}

void Server::stop(std::chrono::milliseconds grace) {
  if (state_->started && !state_->draining.exchange(true)) {
    state_->on_every_loop([](Listener& listener, Loop& loop) {
      if (&loop != listener.loops.front().get()) return;
      boost::system::error_code ignored;
      for (tcp::acceptor& acceptor : listener.acceptors) acceptor.close(ignored);
    });
    state_->on_every_loop([](Listener&, Loop& loop) {
      for (ServedConnection* connection : loop.connections) connection->drain();
    });
    if (!state_->census.wait_empty_for(grace)) {
      state_->on_every_loop([](Listener&, Loop& loop) {
        for (ServedConnection* connection : loop.connections) connection->cut();
      });
      state_->census.wait_empty();
    }
  }
  state_->join();
}

std::size_t Server::connections() const noexcept { return state_->census.total(); }

}  // namespace betrace::http
