#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "betrace/base/test_seed.h"
#include "betrace/storage/testing/model_storage.h"
#include "betrace/storage/testing/small_volume.h"

// Goal: R3a, what was acknowledged outlives a power cut on a real file system. Method: a process
// works on ext4 on a loop device until that is shut down without a last write of its journal, then
// dies; the volume is mounted again and judged by what the process had been told, which it noted in
// memory that it shares. BETRACE_MOUNT_CUTS says how many cuts there are.

namespace betrace::storage {
namespace {

constexpr std::size_t kVolumeBytes = 24ULL << 20;
constexpr std::uint64_t kEntriesOfALife = 60;

// Works until the disk fails. A file system that was shut down may also end it with SIGBUS.
[[noreturn]] void live_on(const std::string& path, StorageJournal& journal, std::uint64_t seed) {
  Random random(seed);
  StorageWorkload life({path, nullptr, [&journal] { return journal.has_power(); }}, journal);
  bool is_alive = life.open().has_value();
  while (is_alive && !life.rules().status().is_read_only) {
    is_alive = life.step(random).has_value();
  }
  ::_exit(0);
}

void cut_power(const SmallVolume& volume, StorageJournal& journal, std::uint64_t seed) {
  Random random(seed);
  const std::size_t enough = journal.entries().size() + draw(random, kEntriesOfALife);
  const pid_t child = ::fork();
  if (child == 0) live_on(volume.path(), journal, seed);
  while (journal.entries().size() < enough && ::waitpid(child, nullptr, WNOHANG) == 0) {
    std::this_thread::sleep_for(kLookAgain);
  }
  journal.set_power(false);
  const auto cut = volume.shut_down();
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  journal.set_power(true);
  ASSERT_TRUE(cut.has_value()) << cut.error().message;
  const auto mounted = volume.mount_again();
  ASSERT_TRUE(mounted.has_value()) << mounted.error().message;
  StorageWorkload after({volume.path()}, journal);
  const auto opened = after.open();
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  judge_storage(journal, after);
}

// A volume and a log that fill up are begun anew.
constexpr std::uint64_t kCutsOfAVolume = 50;

TEST(PowerLossMountTest, WhatWasAcknowledgedOutlivesAPowerCutOfARealFileSystem) {
  const std::uint64_t seed = test_seed();
  const std::uint64_t cuts = test_count("BETRACE_MOUNT_CUTS", 5);
  for (std::uint64_t cut = 0; cut < cuts && !HasFailure();) {
    auto volume = SmallVolume::mount(SmallVolume::Kind::LoopDevice, kVolumeBytes);
    if (!volume) GTEST_SKIP() << "SKIP R3a: " << volume.error().message;
    make_storage_folders(volume->path());
    volume->sync();
    StorageJournal journal;
    for (std::uint64_t i = 0; i < kCutsOfAVolume && cut < cuts && !HasFailure(); ++i, ++cut) {
      SCOPED_TRACE(testing::Message() << "cut " << cut << " BETRACE_SEED=" << seed);
      cut_power(*volume, journal, seed + cut);
    }
  }
}

}  // namespace
}  // namespace betrace::storage
