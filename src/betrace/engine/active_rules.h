// The place where a new RuleSet becomes the current one.
//
// control/ publishes, shards read. A trace that is open keeps the RuleSet of its opening.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "betrace/engine/rule_set.h"

namespace betrace::engine {

/// Holds the current RuleSet. Thread-safe.
class ActiveRules {
 public:
  /// `kept_keys`: attributes that witnesses show besides those that rules read; `*` = prefix.
  explicit ActiveRules(std::vector<std::string> kept_keys = {});

  /// The rules by which the spans of one request are looked at. As long as somebody holds them,
  /// publish() waits: what is handed over before the hold ends was looked at by rules that no trace
  /// is ahead of.
  class Hold {
   public:
    explicit Hold(const ActiveRules& owner);
    ~Hold();
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

    [[nodiscard]] const std::shared_ptr<const RuleSet>& rules() const noexcept { return rules_; }

   private:
    const ActiveRules& owner_;
    std::shared_ptr<const RuleSet> rules_;
  };

  /// Makes `versions` (disabled ones are left out) the next epoch. Traces that open after the
  /// return are judged by it; rules that are missing from it are silent on open traces at once.
  /// Waits for the holds of others. Requires: the calling thread has none.
  void publish(std::vector<ActiveRulePtr> versions);

  [[nodiscard]] std::shared_ptr<const RuleSet> current() const;

  /// The epoch of current(), without a lock: has anything changed?
  [[nodiscard]] std::uint64_t epoch() const noexcept {
    return epoch_.load(std::memory_order_acquire);
  }

 private:
  [[nodiscard]] std::vector<std::shared_ptr<const RuleSet>> older_in_use();

  const std::vector<std::string> kept_keys_;
  std::mutex publishing_;                            // one change at a time
  std::vector<std::weak_ptr<const RuleSet>> older_;  // guarded by publishing_
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  mutable std::size_t holds_ = 0;
  bool is_change_waiting_ = false;
  std::shared_ptr<const RuleSet> current_;
  std::atomic<std::uint64_t> epoch_{0};
};

}  // namespace betrace::engine
