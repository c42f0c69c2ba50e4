// A violation log whose clock stands still, and whose log thread is told when to look around.
#pragma once

#include <atomic>

#include "betrace/storage/test_log.h"

namespace betrace::storage {

class TestTurns : public TestLog {
 protected:
  TestTurns() {
    options_.reserve_bytes = 64 * 1024;
    options_.clock = [this] {
      const std::uint64_t elapsed = elapsed_.load();
      return Now{MonotonicTime(std::chrono::nanoseconds(elapsed)), kTestTime + elapsed};
    };
  }

  // The log thread asks for the time until it ends.
  void TearDown() override { crash(); }

  void advance(std::chrono::nanoseconds by) { elapsed_ += static_cast<std::uint64_t>(by.count()); }
  /// When this returns the log thread has looked around once at the present time, or more often.
  void turn() {
    for (int i = 0; i < 2; ++i) {
      log().record_gap({"turn", "", 0, 0, 0});
      ASSERT_TRUE(log().flush(std::chrono::seconds(60)).has_value());
    }
  }
  /// Lets the log thread look around `times` more, a second later each.
  void turns(int times) {
    for (int i = 0; i < times; ++i) {
      advance(std::chrono::seconds(1));
      turn();
    }
  }
  /// Begins the next generation by its age, and lets the old one be sealed.
  void rotate() {
    advance(options_.generation_age_max);
    turns(3);
  }

  /// Records of a type in one generation.
  [[nodiscard]] std::int64_t count(int generation, LogRecordType type) const {
    return ask(generation, "SELECT count(*) FROM record WHERE type = " +
                               std::to_string(static_cast<int>(type)));
  }

  std::atomic<std::uint64_t> elapsed_{0};
};

}  // namespace betrace::storage
