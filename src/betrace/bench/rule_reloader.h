// Publishes rules again and again while the load goes on: the same rules, each time a new edition.
//
// Used by repeat.h. What is violated stays the same, so any difference is the server's mistake.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "betrace/base/result.h"
#include "betrace/bench/bench_rules.h"
#include "betrace/bench/transport.h"

namespace betrace::bench {

/// Runs from the constructor to finish(). Not thread-safe.
class RuleReloader {
 public:
  /// Changes one rule after the other, one each `interval`. `rules` must outlive it.
  RuleReloader(const Target& api, const BenchRules& rules, std::chrono::milliseconds interval);
  ~RuleReloader();
  RuleReloader(const RuleReloader&) = delete;
  RuleReloader& operator=(const RuleReloader&) = delete;

  /// Ends it; returns how many changes the server took. Error: it refused one.
  [[nodiscard]] Result<std::uint64_t> finish();

 private:
  void reload();

  Target api_;
  const std::vector<BenchRule>& rules_;
  std::chrono::milliseconds interval_;
  std::atomic<bool> is_stopped_{false};
  Result<std::uint64_t> outcome_ = 0;
  std::thread thread_;
};

}  // namespace betrace::bench
