// A `betrace serve` of its own for a benchmark: free ports, a temporary folder, short windows.
//
// Used by load_run.h. A separate process, so that its processor time is its own. What it
// logs goes to a file in its folder.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/bench/transport.h"

namespace betrace::bench {

struct ChildServerOptions {
  std::string program;         ///< Path of the program; empty: the running one.
  std::string rules_document;  ///< As BenchRules::document().
  std::size_t rule_count = 0;
  std::chrono::milliseconds quiet{1'500};
  std::chrono::milliseconds idle{5'000};
  std::vector<std::string> flags;  ///< Further flags of `serve`, `--name=value` or `--name`.
};

/// Running from start() to the destructor, which ends it and removes its folder. Not thread-safe.
class ChildServer {
 public:
  /// Error Unavailable: it did not become ready; the message ends with what it logged.
  [[nodiscard]] static Result<std::unique_ptr<ChildServer>> start(
      const ChildServerOptions& options);
  ~ChildServer();
  ChildServer(const ChildServer&) = delete;
  ChildServer& operator=(const ChildServer&) = delete;

  [[nodiscard]] Target http() const { return {"http", "127.0.0.1", http_port_}; }
  [[nodiscard]] Target grpc() const { return {"grpc", "127.0.0.1", grpc_port_}; }
  [[nodiscard]] Target api() const { return {"http", "127.0.0.1", api_port_}; }

 private:
  ChildServer() = default;
  [[nodiscard]] Result<void> prepare(const ChildServerOptions& options);
  [[nodiscard]] Result<void> spawn(const ChildServerOptions& options);
  [[nodiscard]] Result<void> wait_until_ready();
  [[nodiscard]] std::string logged() const;

  std::string folder_;
  std::uint16_t http_port_ = 0;
  std::uint16_t grpc_port_ = 0;
  std::uint16_t api_port_ = 0;
  pid_t process_ = -1;
};

}  // namespace betrace::bench
