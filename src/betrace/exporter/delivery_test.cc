// Goal: every record reaches the sink in effect once, or is parked and seen to be; nothing is given
// up by time.
// Method: the sink is played by hand, time moves when the test says so, chance is given.
#include "betrace/exporter/delivery.h"

#include <gmock/gmock.h>

#include <map>
#include <random>
#include <set>

#include "betrace/base/test_seed.h"
#include "betrace/exporter/test_outbox.h"

namespace betrace::exporter {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using enum SinkVerdict;
using Sequences = std::vector<std::uint64_t>;

std::uint64_t every_sequence(std::uint64_t first, std::uint64_t last) { return last - first + 1; }

class DeliveryTest : public ::testing::Test {
 protected:
  DeliveryTest() {
    limits_.batch_records_max = 4;
    limits_.schedule_delay = milliseconds(100);
  }

  Delivery& delivery() {
    if (!delivery_) delivery_.emplace(limits_, position_, position_.parked.size());
    return *delivery_;
  }
  void pass(std::chrono::nanoseconds time) {
    now_.monotonic += time;
    now_.wall += static_cast<UnixNanos>(time.count());
  }
  /// Adds these records; nothing is behind them.
  void add(std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t i = first; i <= last; ++i) delivery().add(test_item(i), now_.monotonic);
    delivery().examined(last, true);
  }
  /// What is sent now: its sequences; empty if nothing is.
  Sequences next() {
    const Delivery::Batch* batch = delivery().next(now_.monotonic);
    if (batch == nullptr) return {};
    id_ = batch->id;
    Sequences sent;
    for (const OutboxItem& item : batch->items) sent.push_back(item.sequence);
    return sent;
  }
  void answer(SinkVerdict verdict, std::optional<milliseconds> retry_after = {},
              double chance = 0.5) {
    delivery().finish(id_, {verdict, "reason", "because", retry_after}, now_, chance);
  }
  /// Reads a parked range again as the exporter does; returns what is read, empty if none is due.
  Sequences read_parked() {
    const auto range = delivery().parked_due(now_);
    if (!range) return {};
    std::vector<OutboxItem> items;
    Sequences read;
    for (std::uint64_t i = range->first_sequence; i <= range->last_sequence; ++i) {
      if (items.size() == limits_.batch_records_max) break;
      items.push_back(test_item(i));
      read.push_back(i);
    }
    delivery().add_parked(range->first_sequence, std::move(items), read.back());
    return read;
  }
  std::vector<std::string> parked() {
    std::vector<std::string> parked;
    for (const auto& range : delivery().position().parked) {
      parked.push_back(std::to_string(range.first_sequence) + "-" +
                       std::to_string(range.last_sequence) + " " + range.reason);
    }
    return parked;
  }
  std::uint64_t cursor() { return delivery().position().cursor; }

  DeliveryLimits limits_;
  storage::ExportPosition position_;
  Now now_{MonotonicTime(seconds(1'000)), kTestTime};
  std::uint64_t id_ = 0;
  std::optional<Delivery> delivery_;
};

TEST_F(DeliveryTest, ABatchGoesWhenItIsFull) {
  add(1, 3);
  EXPECT_THAT(next(), IsEmpty());
  add(4, 5);
  EXPECT_THAT(next(), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(next(), IsEmpty());
}

TEST_F(DeliveryTest, ABatchThatIsNotFullGoesAfterTheDelay) {
  add(1, 3);
  EXPECT_EQ(delivery().next_turn(now_), now_.monotonic + milliseconds(100));
  pass(milliseconds(100) - std::chrono::nanoseconds(1));
  EXPECT_THAT(next(), IsEmpty());
  pass(std::chrono::nanoseconds(1));
  EXPECT_THAT(next(), ElementsAre(1, 2, 3));
}

TEST_F(DeliveryTest, ABatchGoesWhenItsBytesAreMany) {
  limits_.batch_bytes_max = 1'500;  // of records of 1,000
  add(1, 2);
  EXPECT_THAT(next(), ElementsAre(1, 2));
}

TEST_F(DeliveryTest, AtTheEndNothingWaitsForCompany) {
  add(1, 1);
  delivery().hurry();
  EXPECT_THAT(next(), ElementsAre(1));
}

TEST_F(DeliveryTest, TheQueueIsBoundedByRecordsAndBytes) {
  limits_.queue_records_max = 3;
  limits_.queue_bytes_max = 10'000;
  EXPECT_EQ(delivery().room(), 3U);
  add(1, 2);
  EXPECT_EQ(delivery().room(), 1U);
  delivery_.reset();
  limits_.queue_records_max = 100;
  add(1, 9);
  EXPECT_EQ(delivery().room(), 91U);
  add(10, 10);
  EXPECT_EQ(delivery().room(), 0U);
}

TEST_F(DeliveryTest, TwoRequestsAreUnderWayAtMost) {
  add(1, 12);
  EXPECT_THAT(next(), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(next(), ElementsAre(5, 6, 7, 8));
  EXPECT_THAT(next(), IsEmpty());
  answer(Delivered);
  EXPECT_THAT(next(), ElementsAre(9, 10, 11, 12));
}

TEST_F(DeliveryTest, NothingIsDueWhileAnAnswerComesFirst) {
  position_.parked = {{1, 1, "sink_error", 0, 1}};
  add(1, 12);
  next();
  EXPECT_EQ(delivery().next_turn(now_), now_.monotonic);
  next();
  EXPECT_EQ(delivery().next_turn(now_), std::nullopt) << "two are under way";
  answer(Delivered);
  next();
  answer(Delivered);
  EXPECT_EQ(delivery().next_turn(now_), std::nullopt) << "parked ones wait until none is";
  id_ = 1;
  answer(Delivered);
  EXPECT_EQ(delivery().next_turn(now_), now_.monotonic);
}

TEST_F(DeliveryTest, TheCursorPassesOnlyWhatIsDeliveredWhole) {
  add(1, 8);
  next();
  const std::uint64_t first = id_;
  next();
  answer(Delivered);
  EXPECT_EQ(cursor(), 0U) << "the batch before it is still under way";
  id_ = first;
  answer(Delivered);
  EXPECT_EQ(cursor(), 8U);
  delivery().examined(20, true);
  EXPECT_EQ(cursor(), 20U) << "nothing between is a matter of export";
  EXPECT_EQ(delivery().settled_records(), 8U);
  EXPECT_EQ(delivery().settled_bytes(), 8'000U);
}

TEST_F(DeliveryTest, PausesGrowToThirtySecondsAndAreDrawn) {
  add(1, 8);
  for (const int longest : {1, 2, 4, 8, 16, 30, 30, 30}) {
    EXPECT_THAT(next(), ElementsAre(1, 2, 3, 4));
    EXPECT_THAT(delivery().sink() == SinkState::Fine ? Sequences{} : next(), IsEmpty());
    answer(Later, {}, 0.5);
    EXPECT_EQ(delivery().sink(), SinkState::Away);
    pass(milliseconds(longest * 500) - milliseconds(1));
    EXPECT_THAT(next(), IsEmpty()) << longest;
    pass(milliseconds(1));
  }
  next();
  answer(Delivered);
  EXPECT_EQ(delivery().sink(), SinkState::Fine);
  next();
  answer(Later, {}, 0.5);
  pass(milliseconds(500));
  EXPECT_THAT(next(), ElementsAre(5, 6, 7, 8)) << "the next fault begins anew";
}

TEST_F(DeliveryTest, NothingIsGivenUpByTime) {
  add(1, 4);
  for (int i = 0; i < 3'000; ++i) {  // about a day
    ASSERT_THAT(next(), ElementsAre(1, 2, 3, 4));
    answer(Later, {}, 0.99);
    pass(seconds(30));
  }
  EXPECT_EQ(cursor(), 0U);
}

TEST_F(DeliveryTest, WhatTheSinkAsksForIsKeptUpToFiveMinutes) {
  add(1, 4);
  next();
  answer(Later, seconds(20), 0);
  pass(seconds(20) - milliseconds(1));
  EXPECT_THAT(next(), IsEmpty());
  pass(milliseconds(1));
  EXPECT_THAT(next(), ElementsAre(1, 2, 3, 4));
  answer(Later, seconds(86'400), 0);
  pass(seconds(300));
  EXPECT_THAT(next(), ElementsAre(1, 2, 3, 4));
}

TEST_F(DeliveryTest, ASinkThatAsksForNoPauseGetsOurs) {
  add(1, 4);
  next();
  answer(Later, milliseconds(0), 0.5);
  EXPECT_THAT(next(), IsEmpty());
}

TEST_F(DeliveryTest, RefusedDataIsHalvedUntilTheOneIsAlone) {
  add(1, 4);
  std::vector<Sequences> sent;
  for (Sequences batch = next(); !batch.empty(); batch = next()) {
    sent.push_back(batch);
    const bool has_bad = std::ranges::find(batch, 3) != batch.end();
    answer(has_bad ? Refused : Delivered);
  }
  EXPECT_THAT(sent, ElementsAre(ElementsAre(1, 2, 3, 4), ElementsAre(1, 2), ElementsAre(3, 4),
                                ElementsAre(3), ElementsAre(4)));
  EXPECT_THAT(parked(), ElementsAre("3-3 export_refused"));
  EXPECT_EQ(cursor(), 4U);
  EXPECT_EQ(delivery().parked_records(), 1U);
  const auto told = delivery().take_parked();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].message, "because");
  EXPECT_THAT(delivery().take_parked(), IsEmpty());
  pass(seconds(86'400));
  EXPECT_THAT(read_parked(), IsEmpty()) << "a refusal is permanent";
}

TEST_F(DeliveryTest, ABatchAtWhichTheSinkFailsIsParkedAndTriedAgainSlowly) {
  add(1, 4);
  next();
  answer(Failed);
  EXPECT_THAT(parked(), ElementsAre("1-4 sink_error"));
  EXPECT_EQ(cursor(), 4U);
  std::uint64_t wait = 60;
  for (std::uint64_t tries = 1; tries <= 24; ++tries) {
    pass(seconds(wait) - milliseconds(1));
    EXPECT_THAT(read_parked(), IsEmpty()) << tries;
    pass(milliseconds(1));
    ASSERT_THAT(read_parked(), ElementsAre(1, 2, 3, 4)) << tries;
    next();
    answer(Failed);
    add(tries * 10 + 1, tries * 10 + 4);  // another batch is fine, so the sink is not broken
    next();
    answer(Delivered);
    wait = std::min<std::uint64_t>(wait * 2, 3'600);
  }
  pass(seconds(86'400 * 30));
  EXPECT_THAT(read_parked(), IsEmpty());
  EXPECT_EQ(delivery().parked_records(), 4U);
}

TEST_F(DeliveryTest, AParkedBatchThatIsDeliveredIsForgotten) {
  add(1, 4);
  next();
  answer(Failed);
  pass(seconds(60));
  read_parked();
  EXPECT_THAT(next(), ElementsAre(1, 2, 3, 4));
  answer(Delivered);
  EXPECT_THAT(parked(), IsEmpty());
  EXPECT_EQ(delivery().parked_records(), 0U);
  EXPECT_EQ(delivery().settled_records(), 4U) << "not twice";
}

TEST_F(DeliveryTest, AfterThreeFailuresInARowNothingMoreIsParked) {
  add(1, 20);
  for (int i = 0; i < 3; ++i) {
    next();
    answer(Failed);
  }
  EXPECT_EQ(delivery().sink(), SinkState::Broken);
  for (int i = 0; i < 100; ++i) {
    EXPECT_THAT(next(), IsEmpty());
    EXPECT_THAT(read_parked(), IsEmpty());
    pass(seconds(30));
    ASSERT_THAT(read_parked(), ElementsAre(1, 2, 3, 4)) << "the oldest is what it is tried with";
    next();
    answer(Failed);
  }
  EXPECT_EQ(parked().size(), 3U);
  pass(seconds(30));
  read_parked();
  next();
  answer(Delivered);
  EXPECT_EQ(delivery().sink(), SinkState::Fine);
  EXPECT_THAT(next(), ElementsAre(13, 14, 15, 16));
}

TEST_F(DeliveryTest, WrongCredentialsAreTriedEveryThirtySecondsAndParkNothing) {
  add(1, 4);
  for (int i = 0; i < 10; ++i) {
    EXPECT_THAT(next(), ElementsAre(1, 2, 3, 4));
    answer(Misconfigured);
    EXPECT_EQ(delivery().sink(), SinkState::Misconfigured);
    EXPECT_EQ(delivery().problem(), "because");
    pass(seconds(30) - milliseconds(1));
    EXPECT_THAT(next(), IsEmpty());
    pass(milliseconds(1));
  }
  EXPECT_THAT(parked(), IsEmpty());
  EXPECT_EQ(cursor(), 0U);
}

TEST_F(DeliveryTest, ParkedRecordsWaitUntilNothingElseDoes) {
  position_ = {10, {{3, 4, "sink_error", 0, kTestTime}}};
  add(11, 12);
  EXPECT_THAT(read_parked(), IsEmpty());
  pass(milliseconds(100));
  next();
  EXPECT_THAT(read_parked(), IsEmpty());
  answer(Delivered);
  EXPECT_THAT(read_parked(), ElementsAre(3, 4));
}

TEST_F(DeliveryTest, ALongParkedRangeGoesInPieces) {
  position_ = {10, {{1, 6, "export_parked", 0, 1}}};
  delivery().examined(10, true);
  EXPECT_THAT(read_parked(), ElementsAre(1, 2, 3, 4));
  next();
  answer(Delivered);
  EXPECT_THAT(parked(), ElementsAre("5-6 export_parked"));
  EXPECT_THAT(read_parked(), ElementsAre(5, 6));
}

TEST_F(DeliveryTest, OneThatIsRefusedAmongParkedOnesIsFound) {
  position_ = {10, {{1, 6, "export_parked", 0, 1}}};
  delivery().examined(10, true);
  for (int i = 0; i < 20 && !read_parked().empty(); ++i) {
    const Sequences batch = next();
    answer(std::ranges::find(batch, 3) != batch.end() ? Refused : Delivered);
  }
  EXPECT_THAT(parked(), ElementsAre("3-3 export_refused"));
}

TEST_F(DeliveryTest, TooManyParkedRangesAreJoined) {
  limits_.parked_ranges_max = 3;
  for (std::uint64_t i = 1; i <= 20; i += 2) {
    add(i, i + 1);
    pass(milliseconds(100));
    for (Sequences batch = next(); !batch.empty(); batch = next()) {
      answer(batch.front() % 2 == 1 ? Refused : Delivered);
    }
  }
  EXPECT_EQ(parked().size(), 3U);
  EXPECT_EQ(parked().back(), "5-19 export_refused");
  EXPECT_EQ(delivery().parked_records(), 10U);
}

TEST_F(DeliveryTest, AResendIsSentAtOnceWhenNothingWaits) {
  position_.cursor = 20;
  delivery().examined(20, true);
  delivery().resend(5, 7, every_sequence);
  EXPECT_THAT(read_parked(), ElementsAre(5, 6, 7));
  next();
  answer(Delivered);
  EXPECT_THAT(parked(), IsEmpty());
}

TEST_F(DeliveryTest, WhatIsSentOnceMoreAndTakenIsParkedNoLonger) {
  position_ = {20, {{6, 6, "export_refused", 1, 0}, {8, 8, "export_refused", 1, 0}}};
  delivery().examined(20, true);
  delivery().resend(5, 7, every_sequence);
  EXPECT_THAT(parked(), ElementsAre("5-7 resend", "8-8 export_refused"));
  EXPECT_EQ(delivery().parked_records(), 4U);
  EXPECT_THAT(read_parked(), ElementsAre(5, 6, 7));
  next();
  answer(Delivered);
  EXPECT_THAT(parked(), ElementsAre("8-8 export_refused"));
  EXPECT_EQ(delivery().parked_records(), 1U);
}

TEST_F(DeliveryTest, ABacklogThatIsTooLargeIsParkedButNotWhatIsUnderWay) {
  add(1, 9);
  EXPECT_THAT(next(), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(delivery().first_parkable(), 5U);
  delivery().park_backlog(15, 11, 11'000);  // most of it was not read yet
  EXPECT_THAT(parked(), ElementsAre("5-15 export_parked"));
  EXPECT_EQ(delivery().waiting(), 4U);
  EXPECT_EQ(cursor(), 0U);
  answer(Delivered);
  EXPECT_EQ(cursor(), 15U);
  EXPECT_EQ(delivery().settled_records(), 15U);
}

TEST_F(DeliveryTest, PartOfABatchThatCameBackMayBeParked) {
  add(1, 4);
  next();
  answer(Later);
  delivery().park_backlog(2, 2, 2'000);
  pass(seconds(30));
  EXPECT_THAT(next(), ElementsAre(3, 4));
}

TEST_F(DeliveryTest, ARecordThatCannotBeReadIsParked) {
  delivery().park_unreadable(3, 1'000);
  delivery().examined(3, true);
  EXPECT_THAT(parked(), ElementsAre("3-3 export_refused"));
  EXPECT_EQ(cursor(), 3U);
}

// Whatever the sink does and whenever we crash: a record is delivered, parked, or after the cursor.
TEST_F(DeliveryTest, WhateverHappensNothingIsLost) {
  std::mt19937_64 random(test_seed());
  const auto chance = [&random](unsigned percent) { return random() % 100 < percent; };
  std::set<std::uint64_t> delivered;
  std::uint64_t read = 0;
  constexpr std::uint64_t kRecords = 200;
  std::map<std::uint64_t, Sequences> under_way;
  for (int step = 0; step < 5'000; ++step) {
    if (chance(1)) {  // a crash; the position is what was kept
      position_ = delivery().position();
      delivery_.reset();
      under_way.clear();
      read = position_.cursor;
    }
    if (chance(20) && read < kRecords && delivery().room() != 0) {
      ++read;
      add(read, read);
    }
    if (read == kRecords) delivery().examined(read, true);
    read_parked();
    if (const Sequences batch = next(); !batch.empty()) under_way[id_] = batch;
    if (!under_way.empty() && chance(60)) {
      const auto at = chance(50) ? under_way.begin() : std::prev(under_way.end());
      id_ = at->first;
      const SinkVerdict verdict = chance(50) ? Delivered : static_cast<SinkVerdict>(random() % 5);
      if (verdict == Delivered) delivered.insert(at->second.begin(), at->second.end());
      under_way.erase(at);
      answer(verdict, {}, 0.5);
    }
    pass(seconds(random() % 40));
    if (step % 20 != 0) continue;
    const storage::ExportPosition position = delivery().position();
    for (std::uint64_t i = 1; i <= position.cursor; ++i) {
      const bool is_parked = std::ranges::any_of(position.parked, [i](const auto& range) {
        return range.first_sequence <= i && i <= range.last_sequence;
      });
      ASSERT_TRUE(is_parked || delivered.contains(i)) << i << " at step " << step;
    }
  }
  EXPECT_EQ(read, kRecords);
}

}  // namespace
}  // namespace betrace::exporter
