#include "betrace/engine/active_rules.h"

#include <utility>

namespace betrace::engine {

ActiveRules::ActiveRules() : current_(std::make_shared<const RuleSet>()), looking_(current_) {}

ActiveRules::Hold::Hold(const ActiveRules& owner) : owner_(owner) {
  const std::lock_guard<std::mutex> lock(owner_.mutex_);
  turn_ = owner_.turn_;
  ++owner_.holds_[turn_];
  looking_ = owner_.looking_;
  judging_ = owner_.current_;
}

ActiveRules::Hold::~Hold() {
  const std::lock_guard<std::mutex> lock(owner_.mutex_);
  if (--owner_.holds_[turn_] == 0) owner_.hold_ended_.notify_all();
}

void ActiveRules::publish(std::vector<ActiveRulePtr> versions) {
  const std::lock_guard<std::mutex> publishing(publishing_);
  const std::shared_ptr<const RuleSet> previous = current();
  const auto older = older_in_use();
  make_current(std::make_shared<const RuleSet>(std::move(versions), *previous, older));
}

void ActiveRules::use(RedactionPtr redaction) {
  const std::lock_guard<std::mutex> publishing(publishing_);
  const std::shared_ptr<const RuleSet> previous = current();
  const auto older = older_in_use();
  std::vector<ActiveRulePtr> versions(previous->rules().begin(), previous->rules().end());
  make_current(
      std::make_shared<const RuleSet>(std::move(versions), *previous, older, std::move(redaction)));
}

// Requires: publishing_ is held.
void ActiveRules::make_current(std::shared_ptr<const RuleSet> next) {
  older_.push_back(current());
  // Requests go on all the time. First all come to look at their spans by the new rules too, then
  // these judge the traces that open.
  std::unique_lock<std::mutex> lock(mutex_);
  looking_ = next;
  begin_turn(&lock);
  current_ = std::move(next);
  epoch_.store(current_->epoch(), std::memory_order_release);
  begin_turn(&lock);
}

// Returns when every hold has ended that began before the call.
void ActiveRules::begin_turn(std::unique_lock<std::mutex>* lock) {
  const std::size_t before = turn_;
  turn_ = 1 - turn_;
  hold_ended_.wait(*lock, [this, before] { return holds_[before] == 0; });
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
