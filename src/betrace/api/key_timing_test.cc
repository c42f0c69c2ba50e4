// Goal: how long a wrong key takes says nothing about which of its bytes is wrong.
// Method: keys that differ from a right one in their first or in their last byte, in random order,
// many times; Welch's t of the two samples. Only with BETRACE_TIMING_SAMPLES set, 1000000 for the
// promise: a machine that does other things needs many.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "betrace/api/key_ring.h"
#include "betrace/base/test_seed.h"

namespace betrace::api {
namespace {

struct Moments {
  double mean = 0;
  double variance = 0;
};

// Without the slowest hundredth, which other processes have made.
Moments moments_of(std::vector<double> times) {
  std::ranges::sort(times);
  times.resize(times.size() * 99 / 100);
  Moments moments;
  for (const double time : times) moments.mean += time / static_cast<double>(times.size());
  for (const double time : times) {
    const double off = time - moments.mean;
    moments.variance += off * off / static_cast<double>(times.size() - 1);
  }
  return moments;
}

TEST(KeyTimingTest, AWrongKeyTakesAsLongWhicheverByteIsWrong) {
  const char* wanted = std::getenv("BETRACE_TIMING_SAMPLES");
  if (wanted == nullptr) GTEST_SKIP() << "BETRACE_TIMING_SAMPLES is not set";
  const std::size_t samples = std::strtoull(wanted, nullptr, 10);
  std::vector<ApiKey> keys;
  for (std::size_t index = 0; index < kApiKeysMax; ++index) {
    const std::string id = "k" + std::to_string(index);
    keys.push_back({id, {http::Role::Read}, sha256(id + std::string(40, 'x'))});
  }
  const KeyRing ring(std::move(keys));
  std::array<std::string, 2> wrong{"k0" + std::string(40, 'x'), "k0" + std::string(40, 'x')};
  wrong[0].front() = '!';
  wrong[1].back() = '!';
  std::mt19937_64 random(test_seed());
  std::array<std::vector<double>, 2> times;
  while (std::min(times[0].size(), times[1].size()) < samples) {
    const std::size_t which = random() & 1;
    const auto begin = std::chrono::steady_clock::now();
    const bool is_known = ring.find_key(wrong[which]) != nullptr;
    const auto end = std::chrono::steady_clock::now();
    ASSERT_FALSE(is_known);
    times[which].push_back(std::chrono::duration<double, std::nano>(end - begin).count());
  }
  const Moments first = moments_of(times[0]);
  const Moments last = moments_of(times[1]);
  const double error = std::sqrt(first.variance / static_cast<double>(times[0].size()) +
                                 last.variance / static_cast<double>(times[1].size()));
  const double t = std::abs(first.mean - last.mean) / error;
  RecordProperty("t", std::to_string(t));
  EXPECT_LT(t, 4.5) << first.mean << " ns and " << last.mean << " ns";
}

}  // namespace
}  // namespace betrace::api
