#include "betrace/model/span_interest.h"

#include <gtest/gtest.h>

namespace betrace::model {
namespace {

TEST(SpanInterestTest, IsInEverythingUntilItIsToldOtherwise) {
  const SpanInterest all;
  EXPECT_TRUE(all.wants("any.key"));
  EXPECT_TRUE(all.wants_events());
  EXPECT_TRUE(all.wants_links());
}

TEST(SpanInterestTest, WantsTheKeysAndBeginningsThatWereNamed) {
  SpanInterest interest = SpanInterest::of_nothing();
  EXPECT_FALSE(interest.wants(""));
  interest.add_key("user.id");
  interest.add_key("app.*");
  EXPECT_TRUE(interest.wants("user.id"));
  EXPECT_FALSE(interest.wants("user.ib"));
  EXPECT_FALSE(interest.wants("user.idd"));
  EXPECT_FALSE(interest.wants("xser.id")) << "of the same length and end";
  EXPECT_TRUE(interest.wants("app."));
  EXPECT_TRUE(interest.wants("app.version"));
  EXPECT_FALSE(interest.wants("app"));
  EXPECT_FALSE(interest.wants_events());
  interest.add_events();
  EXPECT_TRUE(interest.wants_events());
  EXPECT_FALSE(interest.wants_links());
  interest.add_everything();
  EXPECT_TRUE(interest.wants("app"));
}

}  // namespace
}  // namespace betrace::model
