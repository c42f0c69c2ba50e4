#include "betrace/rules/affix_tests.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>

#include "betrace/base/test_seed.h"

namespace betrace::rules {
namespace {

std::set<TestIndex> marked(const AffixTests& affixes, std::string_view text, std::size_t tests) {
  SpanTruths truths(tests, 0);
  truths.begin_span();
  affixes.mark(text, &truths);
  return {truths.marked().begin(), truths.marked().end()};
}

TEST(AffixTestsTest, FindsEveryBeginningAndEndThatATextHas) {
  AffixTests beginnings(AffixTests::Place::Beginning);
  AffixTests ends(AffixTests::Place::End);
  for (AffixTests* affixes : {&beginnings, &ends}) {
    affixes->add("", 0);
    affixes->add("a", 1);
    affixes->add("ab", 2);
    affixes->add("a", 3);
    affixes->add("abcd", 4);
  }
  EXPECT_EQ(marked(beginnings, "abc", 5), (std::set<TestIndex>{0, 1, 2, 3}));
  EXPECT_EQ(marked(ends, "cab", 5), (std::set<TestIndex>{0, 2}));
  EXPECT_EQ(marked(ends, "", 5), (std::set<TestIndex>{0}));
}

TEST(AffixTestsTest, AgreesWithTryingEachOne) {
  const std::uint64_t seed = test_seed();
  std::mt19937_64 random(seed);
  const auto text = [&random] {
    std::string made(random() % 6, ' ');
    for (char& c : made) c = static_cast<char>('a' + random() % 2);
    return made;
  };
  constexpr TestIndex kTests = 40;
  for (const bool is_end : {false, true}) {
    AffixTests affixes(is_end ? AffixTests::Place::End : AffixTests::Place::Beginning);
    std::vector<std::string> all;
    for (TestIndex test = 0; test < kTests; ++test) {
      all.push_back(text());
      affixes.add(all.back(), test);
    }
    for (int i = 0; i < 500; ++i) {
      const std::string asked = text();
      std::set<TestIndex> expected;
      for (TestIndex test = 0; test < kTests; ++test) {
        if (is_end ? asked.ends_with(all[test]) : asked.starts_with(all[test])) {
          expected.insert(test);
        }
      }
      ASSERT_EQ(marked(affixes, asked, kTests), expected) << asked << " seed " << seed;
    }
  }
}

}  // namespace
}  // namespace betrace::rules
