// Goal: one at a time, and whoever waits gets it within the bound or is told that it did not.

#include "betrace/base/turn.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace betrace {
namespace {

using namespace std::chrono_literals;

TEST(TurnTest, IsRefusedWhileSomebodyHasIt) {
  Turn turn;
  const std::unique_lock held(turn);
  std::thread([&turn] { EXPECT_FALSE(turn.try_lock_for(1ms)); }).join();
}

TEST(TurnTest, IsGivenToTheOneWhoWaits) {
  Turn turn;
  turn.lock();
  std::thread waiter([&turn] {
    EXPECT_TRUE(turn.try_lock_for(1min));
    turn.unlock();
  });
  turn.unlock();
  waiter.join();
}

TEST(TurnTest, LetsOneInAtATime) {
  Turn turn;
  int counter = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1'000; ++i) {
        const std::lock_guard lock(turn);
        ++counter;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counter, 4'000);
}

}  // namespace
}  // namespace betrace
