#include "betrace/bench/spin.h"

#include <time.h>

#include <algorithm>
#include <cstdint>

namespace betrace::bench {
namespace {

constexpr int kSteps = 1'000'000;
constexpr int kTries = 5;

double thread_nanoseconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

}  // namespace

double spin_nanoseconds() {
  double best = 1e300;
  volatile std::uint64_t sink = 1;
  for (int i = 0; i < kTries; ++i) {
    const double begin = thread_nanoseconds();
    std::uint64_t value = sink;
    for (int step = 0; step < kSteps; ++step) {
      value = value * 6364136223846793005 + 1442695040888963407;
      value ^= value >> 29;
    }
    sink = value;
    best = std::min(best, thread_nanoseconds() - begin);
  }
  return best;
}

}  // namespace betrace::bench
