// Which of many beginnings, or of many ends, does a text have?
//
// subject_tests.cc keeps one of each for a datum. One look-up for each distinct length, however
// many rules ask.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "betrace/base/text_index.h"
#include "betrace/rules/span_truths.h"

namespace betrace::rules {

/// Filled, then immutable.
class AffixTests {
 public:
  enum class Place : std::uint8_t { Beginning, End };

  explicit AffixTests(Place place) : place_(place) {}

  /// Adds a test that holds for texts that begin, or end, with `affix`.
  void add(std::string_view affix, TestIndex test) {
    const std::uint32_t number = affixes_.add(affix);
    if (number == tests_.size()) tests_.emplace_back();
    tests_[number].push_back(test);
    const auto at = std::lower_bound(sizes_.begin(), sizes_.end(), affix.size());
    if (at == sizes_.end() || *at != affix.size()) sizes_.insert(at, affix.size());
  }

  /// Marks the tests that hold for `text`.
  void mark(std::string_view text, SpanTruths* truths) const {
    for (const std::size_t size : sizes_) {
      if (size > text.size()) return;
      const std::size_t begin = place_ == Place::Beginning ? 0 : text.size() - size;
      const auto known = affixes_.find(text.substr(begin, size));
      if (!known) continue;
      for (const TestIndex test : tests_[*known]) truths->mark(test);
    }
  }

 private:
  Place place_;
  TextIndex affixes_;
  std::vector<std::vector<TestIndex>> tests_;  // by number of the affix
  std::vector<std::size_t> sizes_;             // of the affixes, ascending
};

}  // namespace betrace::rules
