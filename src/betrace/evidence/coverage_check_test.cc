// Goal: a minute without its coverage record is named, and nothing else, whatever the clock does.
//
// Method: the records of small lives by hand, on a time line that begins at 10:00 of some day.
#include "betrace/evidence/coverage_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace betrace::evidence {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr UnixNanos kTen = 1'700'000'000 * kNanosPerSecond / (24 * 3'600 * kNanosPerSecond) * 24 *
                               3'600 * kNanosPerSecond +
                           10 * 3'600 * kNanosPerSecond;

class CoverageCheckTest : public ::testing::Test {
 protected:
  static UnixNanos at(nanoseconds after_ten) {
    return kTen + static_cast<UnixNanos>(after_ten.count());
  }
  static std::string text(nanoseconds after_ten) { return format_rfc3339(at(after_ten)); }

  void tell(const char* type, nanoseconds time, Json members = Json::object()) {
    members["type"] = type;
    members["timestamp"] = text(time);
    EXPECT_TRUE(check_.record(++sequence_, members));
  }
  void start(nanoseconds time) { tell("start", time); }
  void stop(nanoseconds time) { tell("stop", time); }
  void gap(const char* cause, nanoseconds time) { tell("gap", time, {{"cause", cause}}); }
  void cover(nanoseconds from, nanoseconds to) {
    tell("coverage", to, {{"from", text(from)}, {"to", text(to)}});
  }
  // One record a minute.
  void cover_minutes(int first, int end) {
    for (int minute = first; minute < end; ++minute) cover(minutes(minute), minutes(minute + 1));
  }
  // `missing 10:01:00 10:02:00`; a day or more away, with the date.
  std::vector<std::string> found() {
    check_.finish(sequence_);
    std::vector<std::string> texts;
    for (const UnseenTime& unseen : check_.take()) {
      texts.push_back(std::string(name_of(unseen.cause)) + " " +
                      format_rfc3339(unseen.from).substr(11) + " " +
                      format_rfc3339(unseen.to).substr(11));
    }
    return texts;
  }

  CoverageCheck check_;
  std::uint64_t sequence_ = 0;
};

TEST_F(CoverageCheckTest, AnOrderlyLifeIsCoveredToItsEnd) {
  start(seconds(0));
  cover(seconds(1), seconds(61));
  cover(seconds(61), seconds(121));
  cover(seconds(121), seconds(125));
  stop(seconds(140));
  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(CoverageCheckTest, TheMinuteWhoseRecordIsMissingIsNamed) {
  start(seconds(0));
  cover_minutes(0, 5);
  cover_minutes(6, 9);
  stop(minutes(9));
  EXPECT_THAT(found(), ElementsAre("missing 10:05:00Z 10:06:00Z"));
}

TEST_F(CoverageCheckTest, ANanosecondBetweenTwoRecordsIsNamed) {
  start(seconds(0));
  cover(seconds(0), minutes(1));
  cover(minutes(1) + nanoseconds(1), minutes(2));
  EXPECT_THAT(found(), ElementsAre("missing 10:01:00Z 10:01:00.000000001Z"));
}

TEST_F(CoverageCheckTest, TheFirstMinuteAfterAStartIsNamedIfItIsWhole) {
  start(seconds(0));
  cover(seconds(60), minutes(2));
  EXPECT_THAT(found(), IsEmpty());
  start(minutes(2));
  cover(minutes(3) + nanoseconds(1), minutes(4));
  EXPECT_THAT(found(),
              ElementsAre("crashed 10:02:00Z 10:02:00Z", "missing 10:02:00Z 10:03:00.000000001Z"));
}

TEST_F(CoverageCheckTest, TheLastMinuteBeforeAStopIsNamedIfItIsWhole) {
  start(seconds(0));
  cover_minutes(0, 1);
  stop(minutes(2));
  EXPECT_THAT(found(), IsEmpty());
  start(minutes(2));
  cover_minutes(2, 3);
  stop(minutes(4) + nanoseconds(1));
  EXPECT_THAT(found(),
              ElementsAre("stopped 10:02:00Z 10:02:00Z", "missing 10:03:00Z 10:04:00.000000001Z"));
}

TEST_F(CoverageCheckTest, ALifeWithoutAnyRecordIsNamedAsAWhole) {
  start(seconds(0));
  stop(hours(1));
  EXPECT_THAT(found(), ElementsAre("missing 10:00:00Z 11:00:00Z"));
}

TEST_F(CoverageCheckTest, TimeBetweenAStopAndAStartIsToldAndNotMissing) {
  start(seconds(0));
  cover_minutes(0, 2);
  stop(minutes(2));
  start(hours(3));
  cover(hours(3), hours(3) + minutes(1));
  stop(hours(3) + minutes(1));
  EXPECT_THAT(found(), ElementsAre("stopped 10:02:00Z 13:00:00Z"));
}

TEST_F(CoverageCheckTest, AKilledProcessOwesTheMinuteInWhichItWasKilledToNobody) {
  start(seconds(0));
  cover_minutes(0, 2);
  tell("violation", minutes(2) + seconds(59));
  start(minutes(10));
  cover_minutes(10, 11);
  stop(minutes(11));
  EXPECT_THAT(found(), ElementsAre("crashed 10:02:59Z 10:10:00Z"));
}

TEST_F(CoverageCheckTest, AKilledProcessThatLivedOnWithoutRecordsIsNamed) {
  start(seconds(0));
  cover_minutes(0, 2);
  tell("violation", minutes(4) + nanoseconds(1));
  start(minutes(10));
  EXPECT_THAT(found(), ElementsAre("missing 10:02:00Z 10:04:00.000000001Z",
                                   "crashed 10:04:00.000000001Z 10:10:00Z"));
}

TEST_F(CoverageCheckTest, AChainThatEndsWhileTheServiceRunsOwesNoRecordYet) {
  start(seconds(0));
  cover_minutes(0, 2);
  tell("violation", minutes(4));
  EXPECT_THAT(found(), IsEmpty());
  tell("violation", minutes(4) + nanoseconds(1));
  EXPECT_THAT(found(), ElementsAre("missing 10:02:00Z 10:04:00.000000001Z"));
}

TEST_F(CoverageCheckTest, APartOfAChainBeginsWithItsFirstRecord) {
  tell("violation", seconds(20));
  cover_minutes(0, 2);
  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(CoverageCheckTest, APartOfAChainWhoseFirstMinutesAreMissingIsNamed) {
  tell("violation", seconds(20));
  cover_minutes(2, 4);
  EXPECT_THAT(found(), ElementsAre("missing 10:00:20Z 10:02:00Z"));
}

TEST_F(CoverageCheckTest, AClockThatIsSetBackLeavesNothingOut) {
  start(seconds(0));
  cover(seconds(0), minutes(1));
  cover(minutes(1), -minutes(58));
  tell("violation", -minutes(57));
  cover(-minutes(58), -minutes(57));
  stop(-minutes(57));
  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(CoverageCheckTest, ARecordThatIsMissingIsNamedEvenIfTheClockWasSetBackInIt) {
  start(seconds(0));
  cover(seconds(0), minutes(1));
  cover(-minutes(58), -minutes(57));
  EXPECT_THAT(found(), ElementsAre("missing 10:01:00Z 09:02:00Z"));
}

TEST_F(CoverageCheckTest, AClockThatIsSetForwardIsToldAndNotMissing) {
  start(seconds(0));
  cover(seconds(0), minutes(1));
  cover(minutes(1), hours(24));
  cover(hours(24), hours(24) + minutes(1));
  EXPECT_THAT(found(), ElementsAre("leap 10:01:00Z 10:00:00Z"));
}

TEST_F(CoverageCheckTest, AClockThatStandsLeavesNothingOut) {
  start(seconds(0));
  for (int minute = 0; minute < 10; ++minute) cover(seconds(0), seconds(0));
  stop(seconds(0));
  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(CoverageCheckTest, WhatTheLogLostAndSaysSoIsToldAndNotMissing) {
  for (const char* cause : {"commit_failed", "corrupt", "disk_full", "io_error", "salvaged",
                            "wal_damaged", "wal_missing"}) {
    start(seconds(0));
    cover_minutes(0, 1);
    gap(cause, minutes(2));
    stop(minutes(9));
    EXPECT_THAT(found(), ElementsAre("lost 10:01:00Z 10:09:00Z")) << cause;
    check_ = CoverageCheck();
  }
}

TEST_F(CoverageCheckTest, AGapOfAnotherKindExcusesNothing) {
  start(seconds(0));
  cover_minutes(0, 1);
  gap("shed", minutes(2));
  stop(minutes(9));
  EXPECT_THAT(found(), ElementsAre("missing 10:01:00Z 10:09:00Z"));
}

TEST_F(CoverageCheckTest, AFaultExcusesOnlyUntilTheNextCoverageRecord) {
  start(seconds(0));
  gap("io_error", seconds(1));
  cover_minutes(0, 1);
  cover_minutes(2, 3);
  EXPECT_THAT(found(), ElementsAre("missing 10:01:00Z 10:02:00Z"));
}

TEST_F(CoverageCheckTest, BehindNumbersThatAreMissingTheMinutesAreLost) {
  start(seconds(0));
  cover_minutes(0, 1);
  check_.skip();
  cover_minutes(5, 6);
  EXPECT_THAT(found(), ElementsAre("lost 10:01:00Z 10:05:00Z"));
}

TEST_F(CoverageCheckTest, ARecordWithoutItsTimesIsRefused) {
  EXPECT_FALSE(check_.record(1, {{"type", "start"}}));
  EXPECT_FALSE(check_.record(1, {{"type", "stop"}, {"timestamp", "yesterday"}}));
  EXPECT_FALSE(check_.record(1, {{"type", "coverage"}, {"from", text(seconds(0))}}));
  EXPECT_TRUE(check_.record(1, {{"type", "gap"}, {"cause", "shed"}}));
}

}  // namespace
}  // namespace betrace::evidence
