// Goal: a checkpoint comes each minute and when it is due, is kept, and its age tells if none
// comes. Method: a real log; time is passed by hand.
#include "betrace/app/checkpointer.h"

#include <gtest/gtest.h>

#include <vector>

#include "betrace/base/test_directory.h"
#include "betrace/evidence/commit_payload.h"

namespace betrace::app {
namespace {

using namespace std::chrono_literals;

class CheckpointerTest : public ::testing::Test {
 protected:
  CheckpointerTest() {
    storage::ViolationLogOptions options;
    options.path = directory_.file("state");
    log_ = storage::ViolationLog::open(options).value();
  }
  Checkpointer make(const std::string& folder) {
    return {*log_, folder, [this](const evidence::CommitEnvelope&) { ++sent_; }, logger_, at(0s)};
  }
  static MonotonicTime at(std::chrono::nanoseconds time) { return MonotonicTime(time); }
  void commit() {
    log_->record_gap({"shed", "", 1, 0, 0});
    ASSERT_TRUE(log_->flush(60s).has_value());
  }
  static std::vector<std::uint64_t> sizes(const evidence::CheckpointPage& page) {
    std::vector<std::uint64_t> sizes;
    for (const evidence::CommitEnvelope& each : page.checkpoints) {
      sizes.push_back(evidence::read_commit_payload(each.payload).value().last_seq());
    }
    return sizes;
  }

  TestDirectory directory_;
  telemetry::Logger logger_{{.sink = [](std::string_view) {}}};
  std::unique_ptr<storage::ViolationLog> log_;
  int sent_ = 0;
};

TEST_F(CheckpointerTest, PublishesEachMinuteAndWhenItIsDue) {
  Checkpointer checkpoints = make("");
  checkpoints.tend(at(0s));
  EXPECT_EQ(sent_, 1);
  commit();
  checkpoints.tend(at(60s - 1ns));
  EXPECT_EQ(sent_, 1);
  checkpoints.tend(at(60s));
  EXPECT_EQ(sent_, 2);
  commit();
  checkpoints.make_due();
  checkpoints.tend(at(61s));
  EXPECT_EQ(sent_, 3);
  checkpoints.make_due();
  checkpoints.tend(at(62s));
  EXPECT_EQ(sent_, 3) << "nothing was committed";
}

TEST_F(CheckpointerTest, KeepsThemNewestFirst) {
  Checkpointer checkpoints = make("");
  EXPECT_EQ(checkpoints.page(0, 10).total, 0U);
  for (int i = 0; i < 3; ++i) {
    checkpoints.publish(at(0s));
    commit();
  }
  EXPECT_EQ(sizes(checkpoints.page(0, 10)), (std::vector<std::uint64_t>{3, 2, 1}));
  EXPECT_EQ(sizes(checkpoints.page(1, 1)), (std::vector<std::uint64_t>{2}));
  EXPECT_EQ(checkpoints.page(1, 1).total, 3U);
  EXPECT_TRUE(checkpoints.page(3, 1).checkpoints.empty());
}

TEST_F(CheckpointerTest, ItsAgeGrowsUntilOneIsPublished) {
  Checkpointer checkpoints = make("");
  EXPECT_EQ(checkpoints.age(at(7s)), 7s);
  checkpoints.tend(at(8s));
  EXPECT_EQ(checkpoints.age(at(10s)), 2s);
}

TEST_F(CheckpointerTest, OneThatCouldNotBeWrittenIsNone) {
  directory_.write("file", "");
  Checkpointer checkpoints = make(directory_.file("file"));
  checkpoints.tend(at(8s));
  EXPECT_EQ(checkpoints.age(at(10s)), 10s);
}

}  // namespace
}  // namespace betrace::app
