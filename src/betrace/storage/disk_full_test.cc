#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "betrace/base/test_seed.h"
#include "betrace/storage/test_log.h"
#include "betrace/storage/testing/model_storage.h"
#include "betrace/storage/testing/small_volume.h"

// Goal: R4, a disk that is full and gets room again, over and over: nothing is acknowledged
// falsely, lost or doubled, the log says from its reserve that the disk is full, and all goes on by
// itself. Method: a small tmpfs on which somebody else takes all there is and gives it back, in the
// middle of work. BETRACE_FULL_DISKS says how often.

namespace betrace::storage {
namespace {

constexpr std::size_t kFullVolumeBytes = 8ULL << 20;
constexpr int kStepsOfATurn = 12;

// Makes a file of all the room that its volume has left.
void take_all_room(const std::string& path) {
  const int file = ::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC | O_APPEND, 0600);
  for (std::string block(65'536, 'x'); ::write(file, block.data(), block.size()) > 0;) {
  }
  ::close(file);
}

// Takes what is free, and gives it back once the log or the rules have noticed.
class Neighbour {
 public:
  Neighbour(const std::string& path, StorageWorkload& life)
      : file_(path + "/neighbour"), life_(life), thread_([this] { live(); }) {}
  ~Neighbour() {
    is_over_ = true;
    thread_.join();
    std::filesystem::remove(file_);
  }
  [[nodiscard]] int turns() const { return turns_.load(); }

 private:
  void live() {
    while (!is_over_.load()) {
      take_all_room(file_);
      wait_until_log_is_failing(true);
      std::filesystem::remove(file_);
      wait_until_log_is_failing(false);
      ++turns_;
    }
  }
  void wait_until_log_is_failing(bool wanted) const {
    while (!is_over_.load() && life_.log().status().is_failing != wanted) {
      std::this_thread::sleep_for(kLookAgain);
    }
  }

  const std::string file_;
  StorageWorkload& life_;
  std::atomic<bool> is_over_{false};
  std::atomic<int> turns_{0};
  std::thread thread_;
};

TEST(DiskFullTest, WhatWaitsForRoomIsThereOnceAndWhatWasRefusedIsNot) {
  const std::uint64_t seed = test_seed();
  Random random(seed);
  const auto cycles = static_cast<int>(test_count("BETRACE_FULL_DISKS", 10));
  for (int done = 0; done < cycles && !HasFailure();) {
    auto volume = SmallVolume::mount(SmallVolume::Kind::Memory, kFullVolumeBytes);
    if (!volume) GTEST_SKIP() << "SKIP R4: " << volume.error().message;
    make_storage_folders(volume->path());
    StorageJournal journal;
    StorageWorkload life({volume->path()}, journal);
    ASSERT_TRUE(life.open().has_value());
    {
      Neighbour neighbour(volume->path(), life);
      const auto is_over = [&] {
        const bool is_own_full = life.log().status().file_bytes > kFullVolumeBytes / 4;
        return is_own_full || done + neighbour.turns() >= cycles;
      };
      for (int step = 0; step < 20 * kStepsOfATurn && !is_over(); ++step) {
        const auto made = life.work(random);
        ASSERT_TRUE(made.has_value()) << made.error().message << "; BETRACE_SEED=" << seed;
      }
      done += neighbour.turns();
    }
    life.stop();
    StorageWorkload after({volume->path()}, journal);
    const auto opened = after.open();
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    judge_storage(journal, after);
  }
}

class FullLogTest : public TestLog {
 protected:
  // What the log itself takes of a volume is never given back.
  void on_a_new_volume() {
    volume_.reset();
    auto mounted = SmallVolume::mount(SmallVolume::Kind::Memory, kFullVolumeBytes);
    if (!mounted) GTEST_SKIP() << "SKIP R4: " << mounted.error().message;
    volume_ = std::make_unique<SmallVolume>(*std::move(mounted));
    options_.path = volume_->path() + "/state";
    options_.reserve_bytes = 256 * 1024;
  }
  void TearDown() override { crash(); }
  [[nodiscard]] bool has_reserve() const {
    return std::filesystem::exists(options_.path + "/reserve");
  }
  std::uint64_t disk_full_gaps() {
    RecordQuery query;
    query.types = {LogRecordType::Gap};
    const RecordPage page = log().records(query).value();
    std::uint64_t count = 0;
    for (const StoredRecord& gap : page.records) {
      if (gap.payload.find("\"cause\":\"disk_full\"") != std::string::npos) ++count;
    }
    return count;
  }

  std::unique_ptr<SmallVolume> volume_;
};

TEST_F(FullLogTest, EachTimeTheDiskIsFullTheReserveHasRoomForTheGroupAndTheGap) {
  constexpr std::uint64_t kTurnsOfAVolume = 5;
  const std::uint64_t turns = test_count("BETRACE_FULL_DISKS", 10);
  std::uint64_t violations = 0;
  for (std::uint64_t turn = 0; turn < turns && !HasFatalFailure(); ++turn) {
    if (turn % kTurnsOfAVolume == 0) {
      stop();
      on_a_new_volume();
      if (IsSkipped()) return;
      violations = 0;
    }
    const std::string neighbour = volume_->path() + "/neighbour";
    record(violations, violations + 2);
    violations += 2;
    ASSERT_TRUE(has_reserve());
    take_all_room(neighbour);
    for (; !log().status().is_failing; ++violations) record(violations, violations + 1);
    EXPECT_FALSE(has_reserve());
    EXPECT_EQ(disk_full_gaps(), turn % kTurnsOfAVolume + 1);
    log().record(first_record(test_violation(violations++)));
    EXPECT_FALSE(log().flush(std::chrono::milliseconds(20)).has_value()) << "there is no more room";
    std::filesystem::remove(neighbour);
    ASSERT_TRUE(log().flush(std::chrono::seconds(60)).has_value());
    EXPECT_TRUE(has_reserve());
    EXPECT_EQ(total(), violations);
  }
  stop();
}

}  // namespace
}  // namespace betrace::storage
