// The distinct tests of one span that all active rules make, each decided once for a span.
//
// predicate_network.cc asks it. Tests are grouped by the datum that they look at, so that a datum
// that no rule names costs nothing, and only tests that hold are touched.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "betrace/base/text_index.h"
#include "betrace/model/span_view.h"
#include "betrace/rules/condition.h"
#include "betrace/rules/formula.h"
#include "betrace/rules/span_subject.h"
#include "betrace/rules/span_truths.h"
#include "betrace/rules/subject_tests.h"

namespace betrace::rules {

/// Filled while rules are compiled, sealed, then immutable. The conditions must outlive it.
class SpanTests {
 public:
  SpanTests() = default;
  SpanTests(const SpanTests&) = delete;
  SpanTests& operator=(const SpanTests&) = delete;

  /// The literal of a condition that reads one span only; conditions of the same text share it.
  [[nodiscard]] Formula literal_of(const Condition& test, bool negated);

  void seal();

  [[nodiscard]] std::size_t size() const noexcept { return tests_.size(); }
  [[nodiscard]] std::size_t subject_count() const noexcept { return subjects_.size(); }
  /// As rules write it.
  [[nodiscard]] const std::string& text_of(TestIndex test) const noexcept {
    return tests_[test].text;
  }

  /// How often a test of its form is expected to hold, least first: below 8. Nothing for one that
  /// mark() does not mark.
  [[nodiscard]] std::optional<std::uint32_t> rank_of(TestIndex test) const noexcept;

  /// Begins `truths` anew and marks the tests that hold for `span`. Requires: sealed; `truths` was
  /// made for these tests.
  void mark(const model::SpanView& span, SpanTruths* truths) const;

  /// Whether `test` holds for the span that was marked last.
  [[nodiscard]] bool holds(TestIndex test, const model::SpanView& span, SpanTruths* truths) const {
    return is_asked_[test] ? ask(test, span, truths) : truths->is_marked(test);
  }

 private:
  struct Test {
    std::string text;
    const Condition* condition = nullptr;
    std::optional<TestForm> form;  // nothing: decided when it is asked for
  };
  struct Field {
    SpanField field;
    std::uint32_t subject;
  };
  /// Kinds and statuses are few: the tests that hold are listed by number.
  using Lists = std::vector<std::vector<TestIndex>>;
  struct Keys {
    TextIndex texts;
    std::vector<std::uint32_t> subjects;  // by number of the text
  };

  [[nodiscard]] bool ask(TestIndex test, const model::SpanView& span, SpanTruths* truths) const;
  [[nodiscard]] TestIndex add(const Condition& condition, std::string text);
  [[nodiscard]] TestIndex presence_of(const Value& value);
  [[nodiscard]] SubjectTests& subject_at(const SpanSubject& subject);
  void list_enumerators();
  static void add_key(const std::string& key, std::uint32_t subject, Keys* keys);
  void mark_attributes(model::AttributesView attributes, const Keys& keys,
                       SpanTruths* truths) const;

  std::vector<Test> tests_;
  std::vector<std::uint8_t> is_asked_;  // beside tests_: it has no form
  std::unordered_map<std::string, TestIndex> by_text_;
  std::map<SpanSubject, std::uint32_t> places_;
  std::vector<SubjectTests> subjects_;
  std::vector<Field> fields_;  // all but kind and status
  Lists by_kind_;
  Lists by_status_;
  Keys attributes_;
  Keys resources_;
};

}  // namespace betrace::rules
