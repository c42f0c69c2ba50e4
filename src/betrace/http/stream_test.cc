// Goal: a stream reaches its reader piece by piece, and nobody but its reader waits for it.
// Method: raw bytes to a server on a free port; the test says what the stream holds, and when.
#include <gtest/gtest.h>

#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "betrace/http/raw_socket.h"
#include "betrace/http/test_server.h"

namespace betrace::http {
namespace {

using std::chrono::milliseconds;

// What a stream gives, said by the test. Thread-safe.
class Source {
 public:
  void put(std::string bytes, bool is_last = false) {
    const std::lock_guard lock(mutex_);
    bytes_ += bytes;
    is_last_ = is_last;
  }
  void flood() {
    const std::lock_guard lock(mutex_);
    is_flood_ = true;
  }
  void break_off() {
    const std::lock_guard lock(mutex_);
    is_broken_ = true;
  }
  BodyStream::Piece take() {
    const std::lock_guard lock(mutex_);
    if (is_flood_) return {std::string(64 * 1024, 'x'), false};
    return {std::exchange(bytes_, {}), is_last_, is_broken_};
  }

 private:
  std::mutex mutex_;
  std::string bytes_;
  bool is_last_ = false;
  bool is_flood_ = false;
  bool is_broken_ = false;
};

class TestStream : public BodyStream {
 public:
  TestStream(Source& source, Gate& ended) : source_(source), ended_(ended) {}
  ~TestStream() override { ended_.open(); }
  Piece next(MonotonicTime) override { return source_.take(); }

 private:
  Source& source_;
  Gate& ended_;
};

// Has an end that it must reach; reads as if from a disk, as long as its gate is shut.
class WholeStream : public BodyStream {
 public:
  WholeStream(Source& source, Gate& ready) : source_(source), ready_(ready) {}
  [[nodiscard]] Kind kind() const noexcept override { return Kind::Whole; }
  Piece next(MonotonicTime) override {
    ready_.wait();
    return source_.take();
  }

 private:
  Source& source_;
  Gate& ready_;
};

constexpr std::string_view kGetWhole = "GET /whole HTTP/1.1\r\nHost: localhost\r\n\r\n";

class StreamTest : public ::testing::Test {
 protected:
  using MakeStream = std::function<std::unique_ptr<BodyStream>()>;

  static Route streaming(std::string_view path, std::string_view type, MakeStream make) {
    Route route{.method = "GET",
                .path = std::string(path),
                .role = Role::Public,
                .handler = [type, make](const Request&, const PathParameters&) {
                  Response response = make_response(200, type, "");
                  response.stream = make();
                  return response;
                }};
    route.produces = type;
    return route;
  }

  RouteTable routes() {
    RouteTable routes;
    routes.add(streaming("/stream", "text/event-stream",
                         [this] { return std::make_unique<TestStream>(source_, ended_); }));
    routes.add(streaming("/whole", "application/gzip",
                         [this] { return std::make_unique<WholeStream>(source_, ready_); }));
    return routes;
  }

  static ServerLimits hasty() {
    ServerLimits limits;
    limits.body_time = milliseconds(300);
    limits.min_rate = 1024 * 1024;
    return limits;
  }

  void receive_a_part(RawSocket& client) {
    ASSERT_TRUE(client.send(kGetWhole));
    client.until("\r\n\r\n");
    source_.put("a part");
    ready_.open();
    client.until("a part\r\n");
  }

  Source source_;
  Gate ended_;
  Gate ready_;
  TestServer server_{hasty(), {}, routes()};
};

std::string get_stream(const std::string& version = "1.1") {
  return "GET /stream HTTP/" + version + "\r\nHost: localhost\r\n\r\n";
}

TEST_F(StreamTest, PiecesAreSentAsTheyCome) {
  RawSocket client(server_.port);
  ASSERT_TRUE(client.send(get_stream()));
  const std::string head = client.until("\r\n\r\n");
  EXPECT_NE(head.find("Transfer-Encoding: chunked\r\n"), std::string::npos) << head;
  EXPECT_NE(head.find("Connection: close\r\n"), std::string::npos) << head;
  EXPECT_EQ(head.find("Content-Length"), std::string::npos) << head;
  source_.put("one");
  EXPECT_EQ(client.until("one\r\n"), "3\r\none\r\n");
  source_.put("and a second", true);
  EXPECT_EQ(client.until("0\r\n\r\n"), "c\r\nand a second\r\n0\r\n\r\n");
  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(server_.observer.saw("GET /stream 200"));
}

TEST_F(StreamTest, AnOldClientGetsTheBytesAsTheyAre) {
  RawSocket client(server_.port);
  ASSERT_TRUE(client.send(get_stream("1.0")));
  client.until("\r\n\r\n");
  source_.put("one", true);
  EXPECT_EQ(client.until("one"), "one");
  EXPECT_TRUE(client.ended());
}

TEST_F(StreamTest, HeadIsAnsweredWithoutABody) {
  RawSocket client(server_.port);
  ASSERT_TRUE(client.send("HEAD /stream HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  const std::string head = client.until("\r\n\r\n");
  EXPECT_EQ(status_of(head), 200);
  EXPECT_TRUE(client.ended());
}

TEST_F(StreamTest, ItEndsWhenTheClientGoesThoughNothingIsSent) {
  {
    RawSocket client(server_.port);
    ASSERT_TRUE(client.send(get_stream()));
    client.until("\r\n\r\n");
  }
  ended_.wait();
  EXPECT_TRUE(server_.observer.saw("GET /stream 200"));
}

TEST_F(StreamTest, AReaderWhoTakesNothingIsCutInTheEnd) {
  RawSocket client(server_.port);
  source_.flood();
  ASSERT_TRUE(client.send(get_stream()));
  ended_.wait();
  EXPECT_TRUE(server_.observer.saw("timeout write"));
}

TEST_F(StreamTest, TheServerEndsItInOrderWhenItStops) {
  RawSocket client(server_.port);
  ASSERT_TRUE(client.send(get_stream()));
  client.until("\r\n\r\n");
  std::thread stopping([this] { server_.server.stop(std::chrono::minutes(1)); });
  EXPECT_EQ(client.until("0\r\n\r\n"), "0\r\n\r\n");
  EXPECT_TRUE(client.ended());
  stopping.join();
}

TEST_F(StreamTest, OthersAreServedMeanwhile) {
  RawSocket slow(server_.port);
  source_.flood();
  ASSERT_TRUE(slow.send(get_stream()));
  slow.until("\r\n\r\n");
  RawSocket other(server_.port);
  ASSERT_TRUE(other.send("GET /text HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  EXPECT_EQ(body_of(other.reply()), "text");
}

TEST_F(StreamTest, OneThatReadsTheDiskHoldsUpNobody) {
  RawSocket slow(server_.port);
  ASSERT_TRUE(slow.send(kGetWhole));
  slow.until("\r\n\r\n");
  RawSocket other(server_.port);
  ASSERT_TRUE(other.send("GET /text HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  EXPECT_EQ(body_of(other.reply()), "text");
  source_.put("whole", true);
  ready_.open();
  EXPECT_EQ(slow.until("0\r\n\r\n"), "5\r\nwhole\r\n0\r\n\r\n");
}

TEST_F(StreamTest, OneThatBreaksOffIsNeverTakenForWhole) {
  RawSocket client(server_.port);
  ASSERT_NO_FATAL_FAILURE(receive_a_part(client));
  source_.break_off();
  EXPECT_TRUE(client.ended());
}

TEST_F(StreamTest, OneThatIsNotWholeIsCutOffWhenTheServerStops) {
  RawSocket client(server_.port);
  ASSERT_NO_FATAL_FAILURE(receive_a_part(client));
  std::thread stopping([this] { server_.server.stop(std::chrono::minutes(1)); });
  EXPECT_TRUE(client.ended());
  stopping.join();
}

}  // namespace
}  // namespace betrace::http
