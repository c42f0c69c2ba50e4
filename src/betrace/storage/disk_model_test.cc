#include "betrace/storage/testing/disk_model.h"

#include <gtest/gtest.h>

#include <vector>

#include "betrace/base/test_directory.h"

// Goal: the disk of the proofs fails where it is told to, and nowhere else. Method: calls by hand.

namespace betrace::storage {
namespace {

class DiskModelTest : public testing::Test {
 protected:
  // The numbers of the calls that fail.
  std::vector<std::uint64_t> failing(std::initializer_list<DiskCall> calls) {
    std::vector<std::uint64_t> failed;
    std::uint64_t number = 0;
    for (const DiskCall call : calls) {
      const auto answer = disk_.ask(call);
      if (answer.error != 0 || answer.is_short) failed.push_back(number);
      ++number;
    }
    return failed;
  }

  TestDirectory directory_;
  DiskModel disk_{directory_.path()};
};

using CallNumbers = std::vector<std::uint64_t>;

TEST_F(DiskModelTest, AFaultWaitsForACallToWhichItMakesADifference) {
  disk_.plan(DiskFault::SyncError, 1);
  EXPECT_EQ(
      failing({DiskCall::Sync, DiskCall::Write, DiskCall::Read, DiskCall::Sync, DiskCall::Sync}),
      CallNumbers{3});
  EXPECT_EQ(disk_.first_failed(), 3U);
  disk_.plan(DiskFault::PowerCut, 0);
  EXPECT_EQ(failing({DiskCall::Read, DiskCall::Close, DiskCall::Write, DiskCall::Read}),
            (CallNumbers{2, 3}))
      << "which lasts";
}

TEST_F(DiskModelTest, NobodyInterruptsSqlite) {
  disk_.plan(DiskFault::Interrupted, 0);
  EXPECT_EQ(failing({DiskCall::PageRead, DiskCall::PageWrite, DiskCall::Write}), CallNumbers{2});
}

TEST_F(DiskModelTest, OfTheCallsThatFollowSoManyFail) {
  disk_.plan(DiskFault::IoError, 1, 3);
  EXPECT_EQ(
      failing({DiskCall::Write, DiskCall::Write, DiskCall::Read, DiskCall::Close, DiskCall::Write}),
      (CallNumbers{1, 2, 3}));
  disk_.plan(DiskFault::NoSpace, 0, 3);
  EXPECT_EQ(
      failing({DiskCall::Read, DiskCall::Write, DiskCall::Read, DiskCall::Write, DiskCall::Write}),
      (CallNumbers{1, 3}));
}

TEST_F(DiskModelTest, NoCallHasFailedWhereTheFaultMakesNoDifference) {
  disk_.plan(DiskFault::ShortWrite, 1);
  EXPECT_EQ(failing({DiskCall::Write, DiskCall::Read, DiskCall::Sync}), CallNumbers{});
  EXPECT_EQ(disk_.first_failed(), std::nullopt);
}

}  // namespace
}  // namespace betrace::storage
