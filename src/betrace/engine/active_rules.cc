#include "betrace/engine/active_rules.h"

#include <utility>

namespace betrace::engine {

ActiveRules::ActiveRules() : current_(std::make_shared<const RuleSet>()) {}

void ActiveRules::publish(std::vector<ActiveRulePtr> versions) {
  const std::lock_guard<std::mutex> lock(mutex_);
  current_ = std::make_shared<const RuleSet>(std::move(versions), *current_);
  epoch_.store(current_->epoch(), std::memory_order_release);
}

std::shared_ptr<const RuleSet> ActiveRules::current() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return current_;
}

}  // namespace betrace::engine
