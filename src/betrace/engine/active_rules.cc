#include "betrace/engine/active_rules.h"

#include <utility>

namespace betrace::engine {

ActiveRules::ActiveRules(std::vector<std::string> kept_keys)
    : kept_keys_(std::move(kept_keys)), current_(std::make_shared<const RuleSet>()) {}

ActiveRules::Hold::Hold(const ActiveRules& owner) : owner_(owner) {
  std::unique_lock<std::mutex> lock(owner_.mutex_);
  // A change that waits goes first, or a steady stream of requests would keep it out for ever.
  owner_.changed_.wait(lock, [this] { return !owner_.is_change_waiting_; });
  ++owner_.holds_;
  rules_ = owner_.current_;
}

ActiveRules::Hold::~Hold() {
  const std::lock_guard<std::mutex> lock(owner_.mutex_);
  if (--owner_.holds_ == 0) owner_.changed_.notify_all();
}

void ActiveRules::publish(std::vector<ActiveRulePtr> versions) {
  const std::lock_guard<std::mutex> publishing(publishing_);
  const std::shared_ptr<const RuleSet> previous = current();
  const auto older = older_in_use();
  // Compiled while requests go on; only the exchange waits for them.
  auto next = std::make_shared<const RuleSet>(std::move(versions), *previous, older, kept_keys_);
  older_.push_back(previous);
  std::unique_lock<std::mutex> lock(mutex_);
  is_change_waiting_ = true;
  changed_.wait(lock, [this] { return holds_ == 0; });
  current_ = std::move(next);
  epoch_.store(current_->epoch(), std::memory_order_release);
  is_change_waiting_ = false;
  changed_.notify_all();
}

std::vector<std::shared_ptr<const RuleSet>> ActiveRules::older_in_use() {
  std::vector<std::shared_ptr<const RuleSet>> used = {current()};
  std::erase_if(older_, [&used](const std::weak_ptr<const RuleSet>& weak) {
    auto set = weak.lock();
    if (set == nullptr) return true;
    used.push_back(std::move(set));
    return false;
  });
  return used;
}

std::shared_ptr<const RuleSet> ActiveRules::current() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return current_;
}

}  // namespace betrace::engine
