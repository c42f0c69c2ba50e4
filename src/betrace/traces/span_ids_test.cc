// Goal: few or many, however badly chosen: a known id is found, an unknown one is not, and a
// missing parent is missed.

#include "betrace/traces/span_ids.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include "betrace/base/test_seed.h"

namespace betrace::traces {
namespace {

class SpanIdsTest : public testing::Test {
 protected:
  ~SpanIdsTest() override { ids_.clear(pool_); }

  void add(std::uint64_t id, std::uint64_t parent = 0) { ids_.add({id, parent, 7}, hash_, pool_); }
  [[nodiscard]] auto find(std::uint64_t id) const { return ids_.find(id, hash_); }
  [[nodiscard]] bool misses_parent() const { return ids_.misses_parent(hash_); }

  KeyedHash hash_{HashKey{3, 4}};
  BlockPool pool_{1 << 20};
  SpanIds ids_;
};

TEST_F(SpanIdsTest, KnowsAnIdByItsPlace) {
  add(5, 1);
  add(6, 5);
  EXPECT_EQ(find(5), 0U);
  EXPECT_EQ(find(6), 1U);
  EXPECT_FALSE(find(7).has_value());
  EXPECT_EQ(ids_.entries()[1].parent, 5U);
  EXPECT_EQ(ids_.entries()[1].start, 7U);
}

TEST_F(SpanIdsTest, MissesAParentThatNoSpanHas) {
  EXPECT_FALSE(misses_parent());
  add(1);
  add(2, 1);
  add(3, 3);
  EXPECT_FALSE(misses_parent()) << "one that names itself is there";
  add(5, 4);
  EXPECT_TRUE(misses_parent());
  add(4, 1);
  EXPECT_FALSE(misses_parent());
}

// Every size up to beyond those that are scanned; ids with equal low, high or mixed bits.
TEST_F(SpanIdsTest, FindsEachOfAnyNumber) {
  for (const std::uint64_t step : {1ULL, 1ULL << 57U, 0x9E3779B97F4A7C15ULL, 1ULL << 32U}) {
    ids_.clear(pool_);
    std::vector<std::uint64_t> known;
    for (std::uint64_t i = 1; i <= 120; ++i) {
      const std::uint64_t id = i * step;
      ASSERT_FALSE(find(id).has_value() &&
                   std::find(known.begin(), known.end(), id) == known.end());
      if (find(id).has_value() || id == 0) continue;
      add(id, known.empty() ? 0 : known.back());
      known.push_back(id);
      for (std::uint32_t place = 0; place < known.size(); ++place) {
        ASSERT_EQ(find(known[place]), place);
      }
      ASSERT_FALSE(misses_parent()) << known.size();
    }
  }
}

TEST_F(SpanIdsTest, AgreesWithAMapOnRandomTraces) {
  std::mt19937_64 random(test_seed());
  for (int trace = 0; trace < 2'000; ++trace) {
    ids_.clear(pool_);
    const std::uint64_t spans = 1 + random() % (trace % 10 == 0 ? 600 : 70);
    const std::uint64_t ids = 1 + random() % (2 * spans);
    std::map<std::uint64_t, std::uint64_t> parents;
    for (std::uint64_t i = 0; i < spans; ++i) {
      const std::uint64_t id = 1 + random() % ids;
      const std::uint64_t parent = random() % (ids + 1);
      ASSERT_EQ(find(id).has_value(), parents.contains(id));
      if (parents.emplace(id, parent).second) add(id, parent);
    }
    const bool is_missing = std::any_of(parents.begin(), parents.end(), [&](const auto& span) {
      return span.second != 0 && !parents.contains(span.second);
    });
    ASSERT_EQ(misses_parent(), is_missing);
  }
}

}  // namespace
}  // namespace betrace::traces
