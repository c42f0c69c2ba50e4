// Goal: whoever is slow, silent, stuck or too old loses his call or his connection at the stated
// time and not before; credit holds back what memory could not take; a drain loses no call.
// Method: as in call_session_test.cc; time is a parameter.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "betrace/http/test_call_pair.h"

namespace betrace::http {
namespace {

using namespace std::chrono_literals;

constexpr char kEchoPath[] = "/test/Echo";
constexpr char kWatchPath[] = "/test/Watch";

CallListenerOptions with(CallLimits limits) {
  CallListenerOptions options;
  options.limits = limits;
  return options;
}

std::int32_t begin_part(CallPair& pair, std::size_t message_bytes, std::size_t sent_bytes,
                        CallFields more = {}) {
  const std::string frame = message_frame(std::string(message_bytes, 'x'));
  const std::int32_t stream = pair.client.begin(call_fields(kEchoPath, std::move(more)),
                                                frame.substr(0, sent_bytes), false);
  pair.run();
  return stream;
}

TEST(CallTimeTest, EndsACallAtItsOwnTimeout) {
  CallPair pair;
  const std::int32_t stream = begin_part(pair, 100, 10, {{"grpc-timeout", "2S"}});
  pair.run_after(2s - 1ns);
  EXPECT_FALSE(pair.client.answer(stream).is_closed);
  EXPECT_EQ(pair.session->next_deadline(), pair.now + 1ns);
  pair.run_after(1ns);
  EXPECT_EQ(pair.client.answer(stream).status(), "4");
  EXPECT_EQ(pair.observer.told["timeout body"], 0) << "the caller's time, not ours";
}

TEST(CallTimeTest, DoesNoWorkForACallThatExpired) {
  CallPair pair;
  const std::int32_t stream = begin_part(pair, 1, 5, {{"grpc-timeout", "2S"}});
  pair.now += 2s;
  pair.client.more(stream, "x", true);
  pair.run();
  EXPECT_EQ(pair.client.answer(stream).status(), "4");
  EXPECT_EQ(pair.handled, 0);
  EXPECT_EQ(pair.call(kEchoPath, "x", {{"grpc-timeout", "0S"}}).status(), "4");
  EXPECT_EQ(pair.call(kEchoPath, "x", {{"grpc-timeout", "1n"}}).status(), "0")
      << "no time has passed";
}

TEST(CallTimeTest, EndsAMessageThatComesTooSlowly) {
  CallPair pair;
  const std::int32_t stream = begin_part(pair, 50'000, 2'048);
  pair.run_after(7s - 1ns);
  EXPECT_FALSE(pair.client.answer(stream).is_closed) << "five seconds free, two for 2,048 bytes";
  pair.run_after(1ns);
  EXPECT_EQ(pair.client.answer(stream).status(), "4");
  EXPECT_EQ(pair.observer.told["timeout body"], 1);
  EXPECT_EQ(pair.call(kEchoPath, "x").status(), "0") << "other calls go on";
}

TEST(CallTimeTest, EndsAMessageThatTakesTooLongAtAnyRate) {
  CallPair pair;
  const std::int32_t stream = begin_part(pair, 60'000, 50'000);
  pair.run_after(30s - 1ns);
  EXPECT_FALSE(pair.client.answer(stream).is_closed);
  pair.run_after(1ns);
  EXPECT_EQ(pair.client.answer(stream).status(), "4");
}

TEST(CallTimeTest, ClosesAConnectionThatSendsNoSettings) {
  CallPair pair;
  pair.session->on_time(pair.now += 10s - 1ns);
  EXPECT_FALSE(pair.session->is_finished());
  pair.session->on_time(pair.now += 1ns);
  EXPECT_TRUE(pair.session->is_finished());
  EXPECT_EQ(pair.observer.told["timeout header"], 1);
}

TEST(CallTimeTest, ClosesAConnectionWhoseHeadDoesNotEnd) {
  CallPair pair;
  pair.run();
  // HEADERS without END_HEADERS: `:method: POST` of the static table.
  pair.send_raw(raw_frame(NGHTTP2_HEADERS, 0, 1, "\x83"));
  pair.session->on_time(pair.now += 10s - 1ns);
  EXPECT_FALSE(pair.session->is_finished());
  pair.session->on_time(pair.now += 1ns);
  EXPECT_TRUE(pair.session->is_finished());
  EXPECT_EQ(pair.observer.told["timeout header"], 1);
}

TEST(CallTimeTest, GivesUpAReplyThatIsNotTaken) {
  CallPair pair({}, {}, 0);  // a client without credit for us
  const std::int32_t stream = pair.client.call(kEchoPath, "hello");
  pair.run();
  EXPECT_EQ(pair.client.answer(stream).heads, 1);
  EXPECT_EQ(pair.client.answer(stream).body, "");
  pair.run_after(30s - 1ns);
  EXPECT_FALSE(pair.client.answer(stream).is_closed);
  pair.run_after(1ns);
  EXPECT_TRUE(pair.client.answer(stream).is_closed);
  EXPECT_EQ(pair.client.answer(stream).error, std::uint32_t{NGHTTP2_CANCEL});
  EXPECT_EQ(pair.observer.told["timeout write"], 1);
  EXPECT_EQ(pair.session->calls(), 0u);
}

TEST(CallTimeTest, SendsAReplyWhenCreditComesLate) {
  CallPair pair({}, {}, 0);
  const std::int32_t stream = pair.client.call(kEchoPath, "hello");
  pair.run();
  pair.run_after(29s);
  pair.client.widen(stream, 10);
  pair.run();
  EXPECT_EQ(pair.client.answer(stream).message(), "hello");
  EXPECT_EQ(pair.client.answer(stream).status(), "0");
}

TEST(CallTimeTest, DrainsAConnectionThatIsIdle) {
  CallPair pair;
  pair.call(kEchoPath, "x");
  pair.run_after(120s - 1ns);
  EXPECT_TRUE(pair.client.last_streams.empty());
  pair.run_after(1ns);
  ASSERT_FALSE(pair.client.last_streams.empty());
  EXPECT_EQ(pair.client.last_streams.front(), 0x7fffffff) << "an announcement comes first";
  EXPECT_EQ(pair.client.goaway, std::uint32_t{NGHTTP2_NO_ERROR});
  pair.run_after(1s);  // this client says nothing more, as it has no calls
  EXPECT_TRUE(pair.session->is_finished());
  EXPECT_EQ(pair.observer.told["timeout idle"], 1);
}

TEST(CallTimeTest, DoesNotCountAnOpenCallAsIdle) {
  CallPair pair;
  pair.client.call(kWatchPath, "");
  pair.run();
  pair.run_after(1h);
  EXPECT_TRUE(pair.client.last_streams.empty());
}

TEST(CallTimeTest, DrainsAnOldConnectionWithinATenthOfItsAge) {
  CallLimits limits;
  limits.age_max = 1000s;
  CallPair pair(with(limits));
  pair.client.call(kWatchPath, "");
  pair.run();
  pair.run_after(899s);
  EXPECT_TRUE(pair.client.last_streams.empty());
  pair.run_after(202s);
  EXPECT_TRUE(pair.session->is_finished());
  EXPECT_EQ(pair.observer.told["timeout idle"], 0);
}

TEST(CallTimeTest, AsksASilentPeerAndCutsItWhenItStaysSilent) {
  CallPair pair;
  pair.client.call(kWatchPath, "");
  pair.run();
  pair.run_after(2h);
  EXPECT_FALSE(pair.session->is_finished()) << "it has answered our ping";
  pair.now += 2h;
  pair.session->on_time(pair.now);
  std::string ping;
  EXPECT_TRUE(pair.session->take_output(&ping, 1'000));
  pair.session->on_time(pair.now += 20s - 1ns);
  EXPECT_FALSE(pair.session->is_finished());
  pair.session->on_time(pair.now += 1ns);
  EXPECT_TRUE(pair.session->is_finished());
}

TEST(CallDrainTest, FinishesCallsInFlightAndTakesThoseOnTheirWay) {
  CallPair pair;
  const std::int32_t before = begin_part(pair, 5, 5);
  pair.session->drain(pair.now);
  const std::int32_t meanwhile = pair.client.call(kEchoPath, "meanwhile");
  const std::string on_its_way = pair.client.output();
  pair.session->receive(on_its_way, pair.now);
  pair.run();
  EXPECT_EQ(pair.client.answer(meanwhile).message(), "meanwhile");
  EXPECT_FALSE(pair.session->is_finished());
  pair.client.more(before, "hello", true);
  pair.run();
  EXPECT_EQ(pair.client.answer(before).message(), "hello");
  EXPECT_TRUE(pair.session->is_finished());
  const std::vector<std::int32_t> both = {0x7fffffff, meanwhile};
  EXPECT_EQ(pair.client.last_streams, both);
}

TEST(CallDrainTest, DoesNotWaitForARoundTripForEver) {
  CallPair pair;
  pair.run();
  pair.session->drain(pair.now);
  pair.session->on_time(pair.now += 1s - 1ns);
  std::string output;
  pair.session->take_output(&output, 100'000);
  EXPECT_FALSE(pair.session->is_finished());
  pair.session->on_time(pair.now += 1ns);
  pair.session->take_output(&output, 100'000);
  EXPECT_TRUE(pair.session->is_finished());
}

TEST(CallWatchTest, ShowsTheStateNowAndThenEachChange) {
  CallPair pair;
  const std::int32_t stream = pair.client.call(kWatchPath, "");
  pair.run();
  EXPECT_EQ(pair.client.answer(stream).body, message_frame("up"));
  pair.run_after(250ms);
  EXPECT_EQ(pair.client.answer(stream).body, message_frame("up")) << "nothing has changed";
  pair.state = "down";
  pair.run_after(250ms);
  EXPECT_EQ(pair.client.answer(stream).body, message_frame("up") + message_frame("down"));
  EXPECT_FALSE(pair.client.answer(stream).is_closed);
  EXPECT_EQ(pair.observer.told["call Watch OK"], 0) << "it goes on";
}

TEST(CallWatchTest, EndsInOrderOnADrainWithTheLastState) {
  CallPair pair;
  const std::int32_t stream = pair.client.call(kWatchPath, "");
  pair.run();
  pair.state = "stopping";
  pair.session->drain(pair.now);
  pair.run();
  EXPECT_EQ(pair.client.answer(stream).body, message_frame("up") + message_frame("stopping"));
  EXPECT_EQ(pair.client.answer(stream).status(), "0");
  EXPECT_TRUE(pair.client.answer(stream).is_closed);
  EXPECT_TRUE(pair.session->is_finished());
  EXPECT_EQ(pair.observer.told["call Watch OK"], 1);
}

TEST(CallWatchTest, EndsAtItsTimeout) {
  CallPair pair;
  const std::int32_t stream = pair.client.call(kWatchPath, "", {{"grpc-timeout", "1S"}});
  pair.run();
  pair.run_after(1s);
  EXPECT_EQ(pair.client.answer(stream).status(), "4");
}

TEST(CallWatchTest, BoundsTheWatchesOfAConnection) {
  CallLimits limits;
  limits.watches_max = 2;
  CallPair pair(with(limits));
  const std::int32_t first = pair.client.call(kWatchPath, "");
  pair.client.call(kWatchPath, "");
  pair.run();
  EXPECT_EQ(pair.call(kWatchPath, "").status(), "8");
  EXPECT_EQ(pair.observer.told["limit grpc_watches"], 1);
  pair.client.reset(first);
  pair.run();
  const std::int32_t again = pair.client.call(kWatchPath, "");
  pair.run();
  EXPECT_EQ(pair.client.answer(again).message(), "up");
}

TEST(CallWatchTest, KeepsNoHistoryForAWatcherThatDoesNotRead) {
  CallPair pair({}, {}, 0);
  const std::int32_t stream = pair.client.call(kWatchPath, "");
  pair.run();
  for (int round = 0; round < 1'000; ++round) {
    pair.state = std::to_string(round);
    pair.run_after(250ms);
  }
  pair.client.widen(stream, 1'000'000);
  pair.run();
  pair.run_after(250ms);
  EXPECT_EQ(pair.client.answer(stream).body, message_frame("up") + message_frame("999"));
}

TEST(CallCreditTest, LetsAWholeMessageComeOnceItsLengthIsKnown) {
  CallPair pair;
  EXPECT_EQ(pair.call(kEchoPath, std::string(1'000'000, 'x')).status(), "0")
      << "though a stream begins with 64 KiB";
  EXPECT_EQ(pair.service->credit.lent(), 0u);
}

TEST(CallCreditTest, WidensTheWindowsOfAPeerThatHasProvenItself) {
  CallPair pair;
  pair.run();
  EXPECT_EQ(pair.client.setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE), 64u * 1024);
  pair.call("/test/Other", "x");
  EXPECT_EQ(pair.client.setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE), 64u * 1024)
      << "a refused call proves nothing";
  pair.call(kEchoPath, "x");
  EXPECT_EQ(pair.client.setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE), 4u * 1024 * 1024 + 5);
  EXPECT_GE(pair.client.connection_credit(), 4'000'000);
}

TEST(CallCreditTest, HoldsMessagesBackUntilOthersAreDone) {
  ServerLimits limits;
  limits.bodies_bytes = 4'000'000;  // half of it may be on its way
  CallPair pair({}, limits);
  const std::string frame = message_frame(std::string(1'400'000, 'x'));
  const std::int32_t first = pair.client.begin(call_fields(kEchoPath), frame.substr(0, 10), false);
  pair.run();
  const std::int32_t second = pair.client.begin(call_fields(kEchoPath), frame, true);
  pair.run();
  EXPECT_GT(pair.client.unsent(second), 1'300'000u) << "64 KiB and no more";
  EXPECT_EQ(pair.handled, 0);
  pair.client.more(first, frame.substr(10), true);
  pair.run();
  EXPECT_EQ(pair.client.answer(first).status(), "0");
  EXPECT_EQ(pair.client.answer(second).status(), "0");
  EXPECT_EQ(pair.service->credit.lent(), 0u);
}

TEST(CallCreditTest, LooksAgainForCreditThatOtherConnectionsReturn) {
  ServerLimits limits;
  limits.bodies_bytes = 1'000'000;
  CallPair pair({}, limits);
  ASSERT_TRUE(pair.service->credit.lend(400'000));  // by another connection
  const std::int32_t stream = pair.client.call(kEchoPath, std::string(400'000, 'x'));
  pair.run();
  EXPECT_FALSE(pair.client.answer(stream).is_closed);
  EXPECT_EQ(pair.session->next_deadline(), pair.now + 20ms);
  pair.service->credit.give_back(400'000);
  pair.run_after(20ms);
  EXPECT_EQ(pair.client.answer(stream).status(), "0");
}

TEST(CallCreditTest, RefusesRetryablyWhatIsHeldBackTooLong) {
  ServerLimits limits;
  limits.bodies_bytes = 1'000'000;
  CallPair pair({}, limits);
  ASSERT_TRUE(pair.service->credit.lend(400'000));
  const std::int32_t stream = pair.client.call(kEchoPath, std::string(400'000, 'x'));
  pair.run();
  pair.run_after(30s - 1ns);
  EXPECT_FALSE(pair.client.answer(stream).is_closed);
  pair.run_after(1ns);
  EXPECT_EQ(pair.client.answer(stream).status(), "14");
  EXPECT_EQ(pair.observer.told["limit bodies_bytes"], 1);
  EXPECT_EQ(pair.observer.told["timeout body"], 0) << "it was not slow, we were";
}

TEST(CallCreditTest, KeepsMessagesInMemoryWithinTheirBound) {
  ServerLimits limits;
  limits.bodies_bytes = 1'000'000;
  CallPair pair({}, limits);
  pair.call(kEchoPath, "x");  // proven: whole messages may come at once
  std::vector<std::int32_t> streams;
  for (int index = 0; index < 20; ++index) {
    streams.push_back(begin_part(pair, 400'000, 300'000));
    EXPECT_LE(pair.bodies.bytes(), limits.bodies_bytes);
  }
  int refused = 0;
  for (const std::int32_t stream : streams) {
    if (pair.client.answer(stream).status() == "14") ++refused;
  }
  EXPECT_GT(refused, 0) << "beyond the bound, retryably";
}

}  // namespace
}  // namespace betrace::http
