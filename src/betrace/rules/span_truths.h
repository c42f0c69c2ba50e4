// Which tests hold for the span at hand: set anew for each span at no cost.
//
// span_tests.cc and subject_tests.cc mark, predicate_network.cc reads.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "betrace/base/text_index.h"

namespace betrace::rules {

/// The place of a test among the distinct tests of all rules.
using TestIndex = std::uint32_t;

/// Owned by one thread, for the tests of one network.
class SpanTruths {
 public:
  SpanTruths(std::size_t tests, std::size_t subjects)
      : stamps_(tests, 0), asked_(tests, 0), met_(subjects, 0), memos_(subjects) {}

  /// Forgets the span before. Cost: O(1).
  void begin_span() {
    marked_.clear();
    if (++generation_ != 0) return;
    // After four billion spans the numbers begin again.
    stamps_.assign(stamps_.size(), 0);
    asked_.assign(asked_.size(), 0);
    met_.assign(met_.size(), 0);
    generation_ = 1;
  }

  void mark(TestIndex test) {
    if (stamps_[test] == generation_) return;
    stamps_[test] = generation_;
    marked_.push_back(test);
  }
  [[nodiscard]] bool is_marked(TestIndex test) const noexcept {
    return stamps_[test] == generation_;
  }
  /// In the order of marking, each once.
  [[nodiscard]] const std::vector<TestIndex>& marked() const noexcept { return marked_; }

  /// The truth of a test that is decided when somebody asks, and once.
  template <typename Decide>
  [[nodiscard]] bool ask(TestIndex test, const Decide& decide) {
    if (asked_[test] != generation_) {
      asked_[test] = generation_;
      if (decide()) stamps_[test] = generation_;
    }
    return is_marked(test);
  }

  /// True the first time that a subject is met in a span: of equal keys the first is read.
  [[nodiscard]] bool meet(std::uint32_t subject) noexcept {
    if (met_[subject] == generation_) return false;
    met_[subject] = generation_;
    return true;
  }

  /// The tests that hold for the resource with `number`, not zero: those that `mark_all` marks the
  /// first time, which looks at nothing but the resource.
  template <typename MarkAll>
  void mark_resource(std::uint64_t number, const MarkAll& mark_all) {
    if (number == resource_number_) {
      for (const TestIndex test : of_resource_) mark(test);
      return;
    }
    const std::size_t before = marked_.size();
    mark_all();
    of_resource_.assign(marked_.begin() + static_cast<std::ptrdiff_t>(before), marked_.end());
    resource_number_ = number;
  }

  /// Which tests of a subject hold for a text, calling `find` for a text that is not remembered.
  template <typename Find>
  void mark_remembered(std::uint32_t subject, std::string_view text, const Find& find) {
    Memo& memo = memos_[subject];
    if (const auto known = memo.texts.find(text)) {
      for (const TestIndex test : memo.holding[*known]) mark(test);
      return;
    }
    std::vector<TestIndex> holding = find();
    for (const TestIndex test : holding) mark(test);
    if (text.size() > kMemoBytesMax) return;
    if (memo.texts.size() >= kMemoTextsMax) memo = Memo();
    memo.texts.add(text);
    memo.holding.push_back(std::move(holding));
  }

 private:
  static constexpr std::size_t kMemoTextsMax = 1'024;
  static constexpr std::size_t kMemoBytesMax = 128;

  struct Memo {
    TextIndex texts;
    std::vector<std::vector<TestIndex>> holding;  // by number of the text
  };

  std::uint32_t generation_ = 0;
  std::vector<std::uint32_t> stamps_;  // by test: the span for which it holds
  std::vector<std::uint32_t> asked_;   // by test
  std::vector<std::uint32_t> met_;     // by subject
  std::vector<TestIndex> marked_;
  std::vector<Memo> memos_;             // by subject
  std::uint64_t resource_number_ = 0;   // zero: of none
  std::vector<TestIndex> of_resource_;  // the tests that hold for it
};

}  // namespace betrace::rules
