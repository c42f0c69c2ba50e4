// The place where a new RuleSet becomes the current one.
//
// control/ publishes, shards read. A trace that is open keeps the RuleSet of its opening.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "betrace/engine/rule_set.h"

namespace betrace::engine {

/// Holds the current RuleSet. Thread-safe.
class ActiveRules {
 public:
  ActiveRules();

  /// Makes `versions` (disabled ones are left out) the next epoch. Traces that open after the
  /// return are judged by it; rules that are missing from it are silent on open traces at once.
  void publish(std::vector<ActiveRulePtr> versions);

  [[nodiscard]] std::shared_ptr<const RuleSet> current() const;

  /// The epoch of current(), without a lock: has anything changed?
  [[nodiscard]] std::uint64_t epoch() const noexcept {
    return epoch_.load(std::memory_order_acquire);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const RuleSet> current_;
  std::atomic<std::uint64_t> epoch_{0};
};

}  // namespace betrace::engine
