#include "betrace/app/settled_violations.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

// Goal: each violation is given out once, in its last state, and no earlier than that is certain.

namespace betrace::app {
namespace {

using model::RecordType;
using model::ViolationStatus;

constexpr UnixNanos kSecond = 1'000'000'000;

model::ViolationRecord record(RecordType type, std::uint8_t number, UnixNanos timestamp,
                              const char* scope, bool early,
                              ViolationStatus status = ViolationStatus::Confirmed) {
  model::ViolationRecord made;
  made.type = type;
  made.violation.key.digest[0] = number;
  made.violation.timestamp = timestamp;
  made.violation.explanation.scope = scope;
  made.violation.early = early;
  made.violation.status = status;
  made.violation.spans_seen = static_cast<std::uint64_t>(type);
  return made;
}

class SettledViolationsTest : public ::testing::Test {
 protected:
  // `1:confirmed` for each violation given out since the last call.
  std::vector<std::string> settled() { return std::exchange(settled_, {}); }

  std::vector<std::string> settled_;
  SettledViolations violations_{std::chrono::seconds(60), [this](const model::Violation& one) {
                                  settled_.push_back(std::to_string(one.key.digest[0]) + ":" +
                                                     std::string(name_of(one.status)) + ":" +
                                                     std::to_string(one.spans_seen));
                                }};
};

using Texts = std::vector<std::string>;

TEST_F(SettledViolationsTest, GivesViolationsOfSpanScopeOutAtOnce) {
  violations_.record(record(RecordType::Violation, 1, kSecond, "span", true));
  EXPECT_EQ(settled(), Texts{"1:confirmed:1"});
}

TEST_F(SettledViolationsTest, HoldsAClosedOneUntilNothingCanWithdrawIt) {
  violations_.record(record(RecordType::Violation, 1, kSecond, "trace", false));
  violations_.advance(61 * kSecond);
  EXPECT_EQ(settled(), Texts{});
  violations_.advance(61 * kSecond + 1);
  EXPECT_EQ(settled(), Texts{"1:confirmed:1"});
}

TEST_F(SettledViolationsTest, GivesTheLastStateOut) {
  violations_.record(record(RecordType::Violation, 1, kSecond, "trace", false));
  violations_.record(
      record(RecordType::Revision, 1, 30 * kSecond, "trace", false, ViolationStatus::Withdrawn));
  violations_.advance(62 * kSecond);
  EXPECT_EQ(settled(), Texts{"1:withdrawn:3"});
}

TEST_F(SettledViolationsTest, HoldsAnEarlyOneUntilItsTraceIsOver) {
  violations_.record(record(RecordType::Violation, 1, kSecond, "mixed", true));
  violations_.advance(1'000 * kSecond);
  EXPECT_EQ(settled(), Texts{});
  violations_.record(record(RecordType::Final, 1, 1'000 * kSecond, "mixed", true));
  violations_.advance(1'061 * kSecond);
  EXPECT_EQ(settled(), Texts{"1:confirmed:2"});
}

TEST_F(SettledViolationsTest, GivesAnIdOutOnce) {
  violations_.record(record(RecordType::Violation, 1, kSecond, "trace", false));
  violations_.advance(100 * kSecond);
  EXPECT_EQ(settled().size(), 1u);
  violations_.record(record(RecordType::Violation, 1, 200 * kSecond, "trace", false));
  violations_.record(record(RecordType::Violation, 2, 200 * kSecond, "trace", false));
  violations_.finish();
  EXPECT_EQ(settled(), Texts{"2:confirmed:1"});
}

// A record larger than memory may hold more violations than can be remembered.
TEST_F(SettledViolationsTest, ForgetsAnIdOnlyAfterAsManyOthersAsAreRemembered) {
  SettledViolations small{std::chrono::seconds(60),
                          [this](const model::Violation& one) {
                            settled_.push_back(std::to_string(one.key.digest[0]));
                          },
                          2};
  const auto decide = [&small](std::uint8_t number) {
    small.record(record(RecordType::Violation, number, kSecond, "span", true));
  };
  for (const int number : {1, 2, 1, 3, 1, 4, 2}) decide(static_cast<std::uint8_t>(number));
  EXPECT_EQ(settled(), (Texts{"1", "2", "3", "4"}));
  decide(5);
  decide(1);
  EXPECT_EQ(settled(), (Texts{"5", "1"}));
}

}  // namespace
}  // namespace betrace::app
