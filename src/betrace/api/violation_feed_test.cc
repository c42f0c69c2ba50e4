// Goal: a follower gets every event that fits it, once and in order, or is told how many it missed.
// Method: a real log; the connection is played by hand, which asks until it has what it waits for.
#include "betrace/api/violation_feed.h"

#include <gmock/gmock.h>

#include "betrace/base/json.h"
#include "betrace/storage/test_log.h"

namespace betrace::api {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using telemetry::MetricId;
using ::testing::HasSubstr;

class ViolationFeedTest : public storage::TestLog {
 protected:
  using Stream = std::unique_ptr<http::BodyStream>;

  ViolationFeed& feed() {
    if (!feed_) feed_.emplace(log(), metrics_, limits_);
    return *feed_;
  }
  Stream follow(std::optional<std::uint64_t> after = {}) {
    storage::ViolationQuery everything;
    everything.status = std::nullopt;
    return feed().follow(everything, after);
  }
  /// What the stream gives until it holds `end`, or for a minute.
  static std::string until(const Stream& stream, std::string_view end) {
    std::string text;
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (text.find(end) == text.npos && std::chrono::steady_clock::now() < give_up) {
      text += stream->next(kTime).bytes;
      std::this_thread::yield();
    }
    return text;
  }
  static std::size_t count(const std::string& text, std::string_view what) {
    std::size_t found = 0;
    for (auto at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++found;
    return found;
  }

  static constexpr MonotonicTime kTime{seconds(1'000)};
  FeedLimits limits_;
  telemetry::Metrics metrics_;
  std::optional<ViolationFeed> feed_;
};

TEST_F(ViolationFeedTest, BeginsWithTheTimeToComeBackAndBeatsWhileNothingHappens) {
  const Stream stream = follow();
  EXPECT_EQ(stream->next(kTime).bytes, "retry: 3000\n\n");
  EXPECT_EQ(stream->next(kTime + seconds(15) - milliseconds(1)).bytes, "");
  EXPECT_EQ(stream->next(kTime + seconds(15)).bytes, ": still here\n\n");
  EXPECT_EQ(stream->next(kTime + seconds(29)).bytes, "");
  EXPECT_EQ(stream->next(kTime + seconds(30)).bytes, ": still here\n\n");
}

TEST_F(ViolationFeedTest, GivesWhatComesAndNothingFromBefore) {
  record(0, 3);
  const Stream stream = follow();
  record(3, 5);
  const std::string text = until(stream, "violation 4");
  EXPECT_THAT(text, HasSubstr("\nevent: violation\ndata: {\"id\":\"viol-"));
  EXPECT_EQ(count(text, "event: "), 2U);
  EXPECT_LT(text.find("violation 3"), text.find("violation 4"));
}

TEST_F(ViolationFeedTest, GoesOnFromASequenceThroughTheHistoryToTheNews) {
  record(0, 300);
  const Stream stream = follow(0);
  record(300, 308);
  const std::string text = until(stream, "violation 307\"");
  EXPECT_EQ(count(text, "event: violation"), 308U);
  EXPECT_EQ(count(text, "event: gap"), 0U);
}

TEST_F(ViolationFeedTest, WhoFallsBehindIsToldHowManyAreMissed) {
  limits_.buffer_events_max = 10;
  const Stream slow = follow();
  const Stream quick = follow();
  EXPECT_EQ(slow->next(kTime).bytes, "retry: 3000\n\n");
  record(0, 1);
  until(slow, "violation 0\"");  // it is at the buffer now
  until(quick, "violation 0\"");
  // The quick one reads each half of a buffer before the next comes.
  for (std::uint64_t first = 1; first < 101; first += 5) {
    record(first, first + 5);
    until(quick, "violation " + std::to_string(first + 4) + "\"");
  }
  const std::string text = until(slow, "violation 100\"");
  const std::size_t at = text.find("event: gap\ndata: ");
  ASSERT_NE(at, text.npos) << text;
  const std::size_t begin = at + 17;
  const Json gap = parse_json(text.substr(begin, text.find('\n', begin) - begin)).value();
  EXPECT_EQ(gap["missed"].get<std::size_t>() + count(text, "event: violation"), 100U);
  EXPECT_EQ(metrics_.value(MetricId::SseDropped), gap["missed"].get<double>());
}

TEST_F(ViolationFeedTest, OnlySoManyFollowAtOnce) {
  limits_.clients_max = 2;
  Stream one = follow();
  const Stream two = follow();
  EXPECT_EQ(follow(), nullptr);
  EXPECT_EQ(metrics_.value(MetricId::SseClients), 2);
  one.reset();
  EXPECT_NE(follow(), nullptr);
}

TEST_F(ViolationFeedTest, ASequenceThatIsYetToComeIsThatOfNow) {
  record(0, 3);
  const Stream stream = follow(1'000'000);
  record(3, 4);
  EXPECT_EQ(count(until(stream, "violation 3\""), "event: "), 1U);
}

}  // namespace
}  // namespace betrace::api
