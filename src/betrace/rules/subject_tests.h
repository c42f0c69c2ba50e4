// All tests of one datum of a span: given its value, which of them hold?
//
// span_tests.cc keeps one for each datum. Texts are looked up, beginnings and ends too, thresholds
// are searched; what is none of these is tried, and for texts remembered.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/base/text_index.h"
#include "betrace/rules/affix_tests.h"
#include "betrace/rules/condition.h"
#include "betrace/rules/number.h"
#include "betrace/rules/runtime_value.h"
#include "betrace/rules/span_truths.h"

namespace betrace::rules {

/// How a test compares its datum with constants.
enum class TestForm : std::uint8_t {
  Text,       ///< Equals one of some texts.
  Number,     ///< Equals a number.
  Affix,      ///< Begins or ends with a text.
  Threshold,  ///< Lies above or below a number.
  Presence,   ///< Is there.
  Any,        ///< Anything else that is false for an absent datum.
};

/// Filled, sealed, then immutable. The conditions must outlive it.
class SubjectTests {
 public:
  /// `place`: its number among the subjects, for SpanTruths.
  explicit SubjectTests(std::uint32_t place) : place_(place) {}

  /// Adds a test that holds where `condition` does (NotEqual: where `==` does). Requires: its left
  /// side is this subject, and its right side, if any, a constant. Returns nothing, and adds
  /// nothing, if it holds for an absent datum.
  [[nodiscard]] std::optional<TestForm> add(TestIndex test, const Condition& condition);
  void add_presence(TestIndex test) { presence_ = test; }

  void seal();

  /// Marks the tests that hold for a value that is no kind or status. Requires: sealed.
  void mark_text(std::string_view text, SpanTruths* truths) const;
  void mark_value(const RuntimeValue& value, SpanTruths* truths) const;
  /// The same for an integer, or for a duration in nanoseconds.
  void mark_integer(std::int64_t integer, RuntimeValue::Type type, SpanTruths* truths) const;

  /// The tests that hold for a value. Requires: sealed.
  [[nodiscard]] std::vector<TestIndex> tests_of(const RuntimeValue& value) const;

 private:
  struct Test {
    TestIndex index = 0;
    const Condition* condition = nullptr;

    [[nodiscard]] bool holds(const RuntimeValue& value) const;
  };
  struct Threshold {
    Number number;
    bool includes = false;  // the number itself
    Test test;
  };

  void add_texts(const Test& test, const Literal& literal);
  [[nodiscard]] bool add_affix(const Test& test);
  [[nodiscard]] bool add_threshold(const Test& test);
  void mark_number(const Number& number, SpanTruths* truths) const;
  [[nodiscard]] static std::vector<TestIndex> holding(
      const RuntimeValue& value, std::initializer_list<const std::vector<Test>*> lists);
  static void mark_all(const std::vector<Test>& tests, const RuntimeValue& value,
                       SpanTruths* truths);

  std::uint32_t place_;
  std::optional<TestIndex> presence_;
  TextIndex texts_;
  std::vector<std::vector<TestIndex>> by_text_;  // by number of the text
  std::vector<Test> text_tests_;                 // the tests of `texts_`
  std::vector<Test> texts_as_values_;  // those of them whose text may equal a number or truth value
  AffixTests beginnings_{AffixTests::Place::Beginning};
  AffixTests ends_{AffixTests::Place::End};
  std::vector<Test> affixes_;     // the tests of both
  std::vector<Threshold> above_;  // ascending
  std::vector<Threshold> below_;  // descending
  std::vector<Threshold> equal_;  // ascending
  std::vector<Test> numbers_;     // the tests of the three lists above
  std::vector<Test> bare_;        // the value alone as a condition
  std::vector<Test> others_;
};

}  // namespace betrace::rules
