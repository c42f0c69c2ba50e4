#include "betrace/base/text_index.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

#include "betrace/base/test_seed.h"

namespace betrace {
namespace {

TEST(TextIndexTest, NumbersDistinctTextsInTheOrderInWhichTheyCome) {
  TextIndex index;
  EXPECT_FALSE(index.find("a").has_value());
  EXPECT_EQ(index.add("a"), 0u);
  EXPECT_EQ(index.add(""), 1u);
  EXPECT_EQ(index.add("a"), 0u);
  EXPECT_EQ(index.add(std::string(1, '\0')), 2u);
  EXPECT_EQ(index.find(""), 1u);
  EXPECT_EQ(index.find(std::string_view()), 1u);
  EXPECT_EQ(index.find(std::string_view("\0", 1)), 2u);
  EXPECT_FALSE(index.find(std::string_view("\0\0", 2)).has_value());
  EXPECT_EQ(index.size(), 3u);
}

TEST(TextIndexTest, TellsApartTextsThatDifferInOneByteWhereverItIs) {
  TextIndex index;
  for (std::size_t size = 1; size <= 70; ++size) {
    const std::string text(size, 'x');
    const std::uint32_t number = index.add(text);
    for (std::size_t at = 0; at < size; ++at) {
      std::string other = text;
      other[at] = 'y';
      EXPECT_FALSE(index.find(other).has_value()) << other;
    }
    EXPECT_EQ(index.find(text), number);
  }
}

TEST(TextIndexTest, AgreesWithAMapOnRandomTexts) {
  const std::uint64_t seed = test_seed();
  std::mt19937_64 random(seed);
  TextIndex index;
  for (int round = 0; round < 3; ++round) {
    std::map<std::string, std::uint32_t> numbers;
    for (int i = 0; i < 5'000; ++i) {
      std::string text(random() % 24, ' ');
      for (char& c : text) c = static_cast<char>('a' + random() % 2);
      const auto [entry, is_new] =
          numbers.emplace(text, static_cast<std::uint32_t>(numbers.size()));
      EXPECT_EQ(index.find(text).has_value(), !is_new) << "seed " << seed;
      ASSERT_EQ(index.add(text), entry->second) << "seed " << seed;
    }
    EXPECT_EQ(index.size(), numbers.size());
    index.clear();
    EXPECT_EQ(index.size(), 0u);
    EXPECT_FALSE(index.find("a").has_value());
  }
}

}  // namespace
}  // namespace betrace
