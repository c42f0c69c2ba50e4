#include "betrace/app/counted.h"

#include <gtest/gtest.h>

// Goal: people read `1 trace`, and see at a glance how large a number is.

namespace betrace::app {
namespace {

TEST(GroupedTest, PutsACommaBeforeEachThreeDigits) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1'000), "1,000");
  EXPECT_EQ(grouped(18'446'744'073'709'551'615u), "18,446,744,073,709,551,615");
}

TEST(CountedTest, OneIsNoPlural) {
  EXPECT_EQ(counted(0, "trace"), "0 traces");
  EXPECT_EQ(counted(1, "trace"), "1 trace");
  EXPECT_EQ(counted(23'019, "span"), "23,019 spans");
}

}  // namespace
}  // namespace betrace::app
