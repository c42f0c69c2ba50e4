// Goal: a typing mistake finds its word, and a different word finds none.

#include "betrace/rules/nearest_word.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace betrace::rules {
namespace {

constexpr std::array<std::string_view, 5> kWords = {"name", "duration", "status", "span_id",
                                                    "root"};

TEST(NearestWordTest, FindsSlips) {
  EXPECT_EQ(nearest_word("nam", kWords), "name");
  EXPECT_EQ(nearest_word("durration", kWords), "duration");
  EXPECT_EQ(nearest_word("duratoin", kWords), "duration");
  EXPECT_EQ(nearest_word("statsu", kWords), "status");
  EXPECT_EQ(nearest_word("spanId", kWords), "span_id");
  EXPECT_EQ(nearest_word("NAME", kWords), "name");
}

TEST(NearestWordTest, FindsNothingForOtherWords) {
  EXPECT_EQ(nearest_word("tags", kWords), "");
  EXPECT_EQ(nearest_word("x", kWords), "");
  EXPECT_EQ(nearest_word("attributes", kWords), "");
  EXPECT_EQ(nearest_word(std::string(65, 'n'), kWords), "");
}

}  // namespace
}  // namespace betrace::rules
