// Goal: the health messages are those of grpc.health.v1, byte for byte.
#include "betrace/otlp/health_messages.h"

#include <gtest/gtest.h>

#include <string>

namespace betrace::otlp {
namespace {

TEST(HealthMessagesTest, ReadsTheNameOfAService) {
  EXPECT_EQ(read_health_request("").value(), "");
  EXPECT_EQ(read_health_request("\x0a\x03"
                                "a.B")
                .value(),
            "a.B");
  EXPECT_EQ(read_health_request(health_request("a.B")).value(), "a.B");
  EXPECT_EQ(health_request(""), "") << "a default value is not written";
}

TEST(HealthMessagesTest, SkipsFieldsOfLaterVersions) {
  const std::string later =
      std::string("\x10\x96\x01\x1a\x01x\x25\0\0\0\0\x29\0\0\0\0\0\0\0\0", 20);
  EXPECT_EQ(read_health_request(later + "\x0a\x01y").value(), "y");
}

TEST(HealthMessagesTest, RefusesWhatIsNoSuchMessage) {
  for (const char* bytes : {"\xff", "\x0a\x05x", "\x0a", "\x0b", "\x07"}) {
    EXPECT_FALSE(read_health_request(bytes).has_value()) << bytes;
  }
}

TEST(HealthMessagesTest, WritesAStatus) {
  EXPECT_EQ(health_response(ServingStatus::Unknown), "");
  EXPECT_EQ(health_response(ServingStatus::Serving), "\x08\x01");
  EXPECT_EQ(health_response(ServingStatus::NotServing), "\x08\x02");
  EXPECT_EQ(health_response(ServingStatus::ServiceUnknown), "\x08\x03");
}

}  // namespace
}  // namespace betrace::otlp
