// The seed of a random test: from BETRACE_SEED, else new; printed, so that a failure can be
// repeated.
#pragma once

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>

namespace betrace {

inline std::uint64_t test_seed() {
  const char* text = std::getenv("BETRACE_SEED");
  const std::uint64_t seed =
      text == nullptr ? std::random_device()() : std::strtoull(text, nullptr, 10);
  std::printf("BETRACE_SEED=%" PRIu64 "\n", seed);
  std::fflush(stdout);  // it must be known of a crash, too
  return seed;
}

}  // namespace betrace
