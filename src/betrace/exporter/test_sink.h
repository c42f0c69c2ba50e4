// A sink for tests that answers on the spot; what it answers is for who derives from it to say.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

#include "betrace/exporter/sink.h"

namespace betrace::exporter {

/// Thread-safe.
class TestSink : public Sink {
 public:
  std::vector<SinkAnswer> wait(std::chrono::milliseconds wait) override {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, wait, [this] { return is_woken_ || !answers_.empty(); });
    is_woken_ = false;
    return std::exchange(answers_, {});
  }
  void wake() override {
    const std::lock_guard lock(mutex_);
    is_woken_ = true;
    changed_.notify_all();
  }

 protected:
  /// Requires: mutex_ is held.
  void answer(std::uint64_t id, SinkVerdict verdict) {
    answers_.push_back({id, {verdict, "unavailable", "because", std::nullopt}});
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;  // an answer, or a call of wake()

 private:
  std::vector<SinkAnswer> answers_;
  bool is_woken_ = false;
};

}  // namespace betrace::exporter
