// The place where a new RuleSet becomes the current one.
//
// control/ publishes, shards read. A trace that is open keeps the RuleSet of its opening.
#pragma once

#include <array>
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
  ActiveRules();

  /// The rules of one request. Those by which its spans are looked at know all that those do which
  /// judge the traces that it opens: while rules change they are ahead. publish() waits until every
  /// hold that began before has ended, so that no trace is ahead of what is handed over before the
  /// hold ends; holds that begin meanwhile need not wait.
  class Hold {
   public:
    explicit Hold(const ActiveRules& owner);
    ~Hold();
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

    [[nodiscard]] const std::shared_ptr<const RuleSet>& looking() const noexcept {
      return looking_;
    }
    [[nodiscard]] const std::shared_ptr<const RuleSet>& judging() const noexcept {
      return judging_;
    }

   private:
    const ActiveRules& owner_;
    std::size_t turn_ = 0;
    std::shared_ptr<const RuleSet> looking_;
    std::shared_ptr<const RuleSet> judging_;
  };

  /// Makes `versions` (disabled ones are left out) the next epoch. Traces that open after the
  /// return are judged by it; rules that are missing from it are silent on open traces at once.
  /// Waits for the holds of others. Requires: the calling thread has none.
  void publish(std::vector<ActiveRulePtr> versions);

  /// Makes `redaction` that of the next epoch, with the same rules: every violation that is decided
  /// a moment after the return is shown by it, and traces that open after it have the attributes
  /// that it allows. Otherwise as publish(). Requires: not null.
  void use(RedactionPtr redaction);

  [[nodiscard]] std::shared_ptr<const RuleSet> current() const;

  /// The epoch of current(), without a lock: has anything changed?
  [[nodiscard]] std::uint64_t epoch() const noexcept {
    return epoch_.load(std::memory_order_acquire);
  }

 private:
  void make_current(std::shared_ptr<const RuleSet> next);
  [[nodiscard]] std::vector<std::shared_ptr<const RuleSet>> older_in_use();
  void begin_turn(std::unique_lock<std::mutex>* lock);

  std::mutex publishing_;                            // one change at a time
  std::vector<std::weak_ptr<const RuleSet>> older_;  // guarded by publishing_
  mutable std::mutex mutex_;
  mutable std::condition_variable hold_ended_;
  std::size_t turn_ = 0;                        // of holds that begin now: 0 or 1
  mutable std::array<std::size_t, 2> holds_{};  // by turn
  std::shared_ptr<const RuleSet> current_;
  std::shared_ptr<const RuleSet> looking_;  // current_, but while rules change
  std::atomic<std::uint64_t> epoch_{0};
};

}  // namespace betrace::engine
