// Goal: nothing but this machine counts as this machine.

#include "betrace/http/loopback.h"

#include <gtest/gtest.h>

#include <string>

namespace betrace::http {
namespace {

TEST(LoopbackTest, IsTheBlockOfFourAndTheOneOfSix) {
  for (const char* address : {"127.0.0.1", "127.9.0.1", "::1", "0:0:0:0:0:0:0:1"}) {
    EXPECT_TRUE(is_loopback(address)) << address;
  }
}

TEST(LoopbackTest, IsNothingElse) {
  for (const char* address : {"", "::", "0.0.0.0", "128.0.0.1", "127.0.0.1.example", "localhost",
                              "127.1", "[::1]", "::ffff:8.8.8.8", "10.127.0.0"}) {
    EXPECT_FALSE(is_loopback(address)) << address;
  }
  EXPECT_FALSE(is_loopback(std::string(1'000, '1')));
}

}  // namespace
}  // namespace betrace::http
