#include "betrace/app/rule_watcher.h"

#include <utility>

namespace betrace::app {

RuleWatcher::RuleWatcher(const std::string& path, std::chrono::milliseconds interval,
                         std::function<void()> look)
    : directory_(path), thread_([this, interval, look = std::move(look)] {
        while (!is_stopping_.load()) {
          directory_.wait(interval);
          if (!is_stopping_.load()) look();
        }
      }) {}

RuleWatcher::~RuleWatcher() {
  is_stopping_.store(true);
  directory_.wake();
  thread_.join();
}

}  // namespace betrace::app
