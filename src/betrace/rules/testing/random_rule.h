// Test support: a random rule that loads, over every construct of the language reference.
//
// Conditions are drawn by the grammar, each with what may stand in its place: names, `anchor`,
// `event`. A few are refused all the same (two constants, `anchor` in a rule that happens to have
// no rule-level span); whoever draws them skips those.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "betrace/rules/testing/random_choices.h"

namespace betrace::rules {

class RandomRule {
 public:
  /// `choices` must outlive this.
  explicit RandomRule(RandomChoices* choices) : choices_(*choices) {}

  /// The text of a rule; most of them load.
  [[nodiscard]] std::string next();

 private:
  /// Where a condition or value stands.
  struct Place {
    enum class Kind { Rule, Candidate, Where, Event, Link };
    Kind kind = Kind::Rule;
    bool outside = true;  ///< Outside of all parentheses that bind `span`.
    bool anchor = false;
    bool event = false;
    bool link = false;
    std::size_t depth = 3;  ///< How many levels of parentheses may still come.
  };

  // random_rule.cc: conditions
  std::string condition(const Place& place);
  std::string small_condition(const Place& place);
  std::string condition_of_rule(const Place& place);
  std::string condition_of_candidate(const Place& place);
  std::string condition_in_where(const Place& place);
  std::string condition_of_event(const Place& place);
  std::string condition_of_link(const Place& place);
  std::string condition_of_span(const Place& place);
  std::string join(const Place& place);
  std::string quantifier(const Place& place);
  std::string structure(const Place& place);
  std::string selector(const Place& place);
  std::string aggregate_test(const Place& place);
  std::string trace_test(const Place& place);
  std::string block(std::string_view word);
  [[nodiscard]] Place inside(const Place& place, Place::Kind kind) const;

  // random_rule_values.cc: values and their comparisons
  std::string test(const Place& place);
  std::string number_test(const Place& place);
  std::string text_test(const Place& place);
  std::string member_test(const Place& place);
  std::string attribute_test(const std::string& attribute);
  std::string number(const Place& place);
  std::string number_of_span(const Place& place);
  std::string text(const Place& place);
  std::string attribute(const Place& place);
  std::string aggregate(const Place& place);
  std::string span(const Place& place);
  std::string number_literal();
  std::string text_literal();
  std::string any_literal();
  std::string list_literal();
  std::string order();
  static std::string quoted(std::string_view text);
  /// The parts in a row. Parts in braces are drawn from left to right by every compiler, arguments
  /// of a function are not.
  static std::string joined(std::initializer_list<std::string_view> parts);

  RandomChoices& choices_;
  bool has_rule_level_span_ = false;
};

}  // namespace betrace::rules
