// Goal: an index is found by its tag, whatever else comes and goes, however badly tags are chosen.

#include "betrace/traces/id_table.h"

#include <gtest/gtest.h>

#include <random>
#include <unordered_map>

#include "betrace/base/test_seed.h"

namespace betrace::traces {
namespace {

const auto kAny = [](std::uint32_t) { return true; };

TEST(IdTableTest, AsksTheOwnerWhichOfTwoWithOneTagIsWanted) {
  IdTable table;
  table.insert(5, 1);
  table.insert(5, 2);
  EXPECT_EQ(table.find(5, [](std::uint32_t index) { return index == 2; }), 2U);
  EXPECT_FALSE(table.find(5, [](std::uint32_t index) { return index == 3; }).has_value());
  EXPECT_FALSE(table.find(6, kAny).has_value());
  table.erase(5, 1);
  EXPECT_EQ(table.find(5, kAny), 2U);
}

TEST(IdTableTest, FindsWhatWasPushedPastTheEndOfTheTable) {
  IdTable table;
  for (std::uint32_t index = 0; index < 4; ++index) table.insert(14 + index / 2, index);
  table.erase(14, 0);
  for (std::uint32_t index = 1; index < 4; ++index) {
    const auto is_it = [index](std::uint32_t found) { return found == index; };
    EXPECT_EQ(table.find(14 + index / 2, is_it), index);
  }
}

TEST(IdTableTest, IsSmallAgainWhenItIsEmpty) {
  IdTable table;
  const std::uint64_t empty = table.byte_count();
  for (std::uint32_t index = 0; index < 1'000; ++index) table.insert(index * 77, index);
  EXPECT_GE(table.byte_count(), 16 * 1'000U);
  EXPECT_LE(table.byte_count(), 64 * 1'000U);
  for (std::uint32_t index = 0; index < 1'000; ++index) table.erase(index * 77, index);
  EXPECT_EQ(table.byte_count(), empty);
  EXPECT_EQ(table.size(), 0U);
}

// Few different tags, so that runs are long, wrap around and overlap.
TEST(IdTableTest, AgreesWithAMapWhileIndexesComeAndGo) {
  std::mt19937_64 random(test_seed());
  for (const std::uint32_t tags : {3U, 40U, 100'000U}) {
    IdTable table;
    std::unordered_map<std::uint32_t, std::uint32_t> expected;  // tag by index
    for (int step = 0; step < 20'000; ++step) {
      const auto index = static_cast<std::uint32_t>(random() % 100);
      const auto known = expected.find(index);
      if (known != expected.end()) {
        table.erase(known->second, index);
        expected.erase(known);
      } else {
        const auto tag = static_cast<std::uint32_t>(random() % tags) * 0x01000193U;
        table.insert(tag, index);
        expected.emplace(index, tag);
      }
      ASSERT_EQ(table.size(), expected.size());
      for (const auto& [each, tag] : expected) {
        const auto is_it = [wanted = each](std::uint32_t found) { return found == wanted; };
        ASSERT_EQ(table.find(tag, is_it), each);
      }
    }
  }
}

}  // namespace
}  // namespace betrace::traces
