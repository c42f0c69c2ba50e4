#include <gtest/gtest.h>

#include <functional>
#include <optional>

#include "betrace/base/test_seed.h"
#include "betrace/storage/testing/model_storage.h"

// Goal: R2 and R5, whichever call to the disk fails and in which way: what was acknowledged is
// there, what was refused is not, memory holds what the disk does, everything goes on by itself
// when the fault is over, and a handle whose sync failed is not used again. Method: two lives of
// both stores, of which call 0, then call 1, ... fails: one from their first start over an orderly
// end and a second start, and one of rotation, retention and copies. `make test` takes every few
// calls; BETRACE_EVERY_CALL=1 takes all to which the fault makes a difference.

namespace betrace::storage {
namespace {

constexpr int kStepsOfHalf = 7;
constexpr int kTriesMax = 50;

struct Way {
  const char* name;
  DiskFault fault;
  std::uint64_t calls;  // that fail, one after the other
};

void PrintTo(const Way& way, std::ostream* out) { *out << way.name; }

class EveryCallTest : public testing::TestWithParam<Way> {
 protected:
  // Starts are refused while the fault lasts.
  void open(StorageWorkload& life) {
    Result<void> opened = life.open();
    for (int i = 0; !opened && storage().disk.has_power() && i < kTriesMax; ++i) {
      opened = life.open();
    }
    if (!opened && storage().disk.has_power()) FAIL() << opened.error().message;
  }

  void work(StorageWorkload& life, Random& random) {
    for (int i = 0; i < kStepsOfHalf && storage().disk.has_power(); ++i) {
      const auto done = life.step(random);
      if (!storage().disk.has_power()) return;
      if (!done) {
        ASSERT_NE(done.error().code, ErrorCode::Internal) << done.error().message;
        ASSERT_NO_FATAL_FAILURE(open(life));
      }
      if (GetParam().calls == 1) expect_memory_equals_disk(life.rules());
    }
  }

  using Life = std::function<void(Random&, std::uint64_t)>;

  // From the first start over an orderly end and a second start.
  void work_twice(Random& random, std::uint64_t call) {
    StorageWorkload life = storage().life();
    storage().disk.plan(GetParam().fault, call, GetParam().calls);
    open(life);
    if (!HasFailure()) work(life, random);
    life.stop();
    if (!HasFailure() && storage().disk.has_power()) open(life);
    if (!HasFailure()) work(life, random);
  }

  // A file is followed, sealed and removed, and copies are made before and after.
  void keep_up(Random& random, std::uint64_t call) {
    StorageWorkload life = storage().life();
    open(life);
    storage().disk.plan(GetParam().fault, call, GetParam().calls);
    for (const Upkeep what : {Upkeep::Rotate, Upkeep::BackUp, Upkeep::Expire, Upkeep::BackUp}) {
      const auto done = life.work(random).and_then([&] { return life.keep_up(what); });
      if (!storage().disk.has_power()) return;
      ASSERT_TRUE(done.has_value()) << done.error().message;
    }
    life.stop();
  }

  // The call that failed: `call` or the next to which the fault makes a difference, if there is
  // one.
  std::optional<std::uint64_t> play(const Life& life, std::uint64_t seed, std::uint64_t call) {
    SCOPED_TRACE(testing::Message() << "BETRACE_SEED=" << seed << " call " << call);
    Random random(seed);
    storage_.reset();  // one at a time has the place of SQLite's own VFS
    storage_ = std::make_unique<ModelStorage>();
    life(random, call);
    const auto failed = storage().disk.first_failed();
    storage().disk.restore(DiskModel::Loss::Nothing, random);
    StorageWorkload last = storage().life();
    storage().judge(last);
    last.stop();
    EXPECT_EQ(storage().disk.misuses(), 0U) << "a handle that failed was used again";
    return failed;
  }

  void play_all(const Life& life) {
    const std::uint64_t seed = test_seed();
    const std::uint64_t stride = test_count("BETRACE_EVERY_CALL", 40);
    int count = 0;
    auto failed = play(life, seed, seed % stride);
    for (; failed && !HasFailure(); ++count) failed = play(life, seed, *failed + stride);
    std::printf("%s: %d calls failed\n", GetParam().name, count);
  }

  ModelStorage& storage() { return *storage_; }

 private:
  std::unique_ptr<ModelStorage> storage_;
};

TEST_P(EveryCallTest, FailsAndNothingIsLostOrDoubled) {
  play_all([this](Random& random, std::uint64_t call) { work_twice(random, call); });
}

TEST_P(EveryCallTest, FailsWhileFilesAreFollowedRemovedAndCopiedAndNothingIsLost) {
  play_all([this](Random& random, std::uint64_t call) { keep_up(random, call); });
}

INSTANTIATE_TEST_SUITE_P(InAllWays, EveryCallTest,
                         testing::Values(Way{"kill", DiskFault::PowerCut, 1},
                                         Way{"error", DiskFault::IoError, 1},
                                         Way{"errors", DiskFault::IoError, 25},
                                         Way{"full", DiskFault::NoSpace, 25},
                                         Way{"short", DiskFault::ShortWrite, 1},
                                         Way{"interrupted", DiskFault::Interrupted, 3},
                                         Way{"sync", DiskFault::SyncError, 30}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace betrace::storage
