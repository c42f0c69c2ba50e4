// Goal: who was denied a call is told in the log. Method: the observer's words, by hand.
#include "betrace/app/refusal_watch.h"

#include <gtest/gtest.h>

namespace betrace::app {
namespace {

TEST(DenialWatchTest, TellsOfADeniedCallWhatItTellsOfARequest) {
  account::Refusals refusals;
  const auto watch = denial_watch(refusals);
  http::CallHead head;
  head.remote_address = "10.0.0.7";
  watch({"/a.b.C/D", RpcCode::Unauthenticated, head});
  watch({"/a.b.C/D", RpcCode::Unauthenticated, head});
  head.actor = "key:reader";
  watch({"/a.b.C/D", RpcCode::PermissionDenied, head});
  const auto told = refusals.take();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[0].actor, "anonymous");
  EXPECT_EQ(told[0].address, "10.0.0.7");
  EXPECT_EQ(told[0].method, "GRPC");
  EXPECT_EQ(told[0].route, "/a.b.C/D");
  EXPECT_EQ(told[0].code, "UNAUTHENTICATED");
  EXPECT_EQ(told[0].status, 16);
  EXPECT_EQ(told[0].count, 2U);
  EXPECT_EQ(told[1].actor, "key:reader");
  EXPECT_EQ(told[1].code, "PERMISSION_DENIED");
}

}  // namespace
}  // namespace betrace::app
