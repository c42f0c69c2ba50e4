#include <gtest/gtest.h>

#include "betrace/base/test_seed.h"
#include "betrace/storage/testing/model_storage.h"

// Goal: R3b, what was acknowledged outlives a power cut at any call, whatever the disk had kept
// back until then, also if the power goes again while that is mended. Method: a disk in a model,
// which loses sectors and names that were not synced; BETRACE_SEED repeats a run, and
// BETRACE_POWER_CUTS says how many disks there are, of three cuts or more each.

namespace betrace::storage {
namespace {

constexpr std::uint64_t kLives = 3;
constexpr std::uint64_t kStepsOfALife = 10;
constexpr std::uint64_t kCallsOfALife = 400;
constexpr std::uint64_t kCallsOfAStart = 150;

// Some cuts are kills: the system, and what it had not written yet, go on.
DiskModel::Loss loss(Random& random) {
  return draw(random, 6) == 0 ? DiskModel::Loss::Nothing : DiskModel::Loss::Random;
}

void live_until_the_power_goes(ModelStorage& storage, Random& random) {
  StorageWorkload life = storage.life();
  ASSERT_NO_FATAL_FAILURE(storage.judge(life));
  storage.disk.plan(DiskFault::PowerCut, draw(random, kCallsOfALife));
  for (std::uint64_t i = 0; i < kStepsOfALife && storage.disk.has_power(); ++i) {
    const auto done = life.step(random);
    if (!done && storage.disk.has_power()) FAIL() << done.error().message;
  }
}

void start_without_power(ModelStorage& storage, Random& random) {
  StorageWorkload life = storage.life();
  storage.disk.plan(DiskFault::PowerCut, draw(random, kCallsOfAStart));
  static_cast<void>(life.open());
}

void play_lives(std::uint64_t seed) {
  SCOPED_TRACE("BETRACE_SEED=" + std::to_string(seed));
  Random random(seed);
  ModelStorage storage;
  while (draw(random, 2) == 0) {
    start_without_power(storage, random);
    storage.disk.restore(loss(random), random);
  }
  for (std::uint64_t i = 0; i < kLives && !testing::Test::HasFailure(); ++i) {
    live_until_the_power_goes(storage, random);
    storage.disk.restore(loss(random), random);
    while (draw(random, 3) == 0) {
      start_without_power(storage, random);
      storage.disk.restore(loss(random), random);
    }
  }
  StorageWorkload last = storage.life();
  storage.judge(last);
  last.stop();
}

TEST(PowerLossModelTest, WhatWasAcknowledgedOutlivesAPowerCutAtAnyCall) {
  const std::uint64_t seed = test_seed();
  const std::uint64_t cases = test_count("BETRACE_POWER_CUTS", 100);
  for (std::uint64_t i = 0; i < cases && !HasFailure(); ++i) play_lives(seed + i);
}

}  // namespace
}  // namespace betrace::storage
