// The checker from inside: one class over several sources, a file for each part of the language.
//
//   checker.cc               the whole rule
//   checker_conditions.cc    and, or, not, what may stand alone as a condition
//   checker_values.cc        arithmetic, indexes, literals
//   checker_paths.cc         span.x, anchor.x, trace.x, event.x, link.x
//   checker_names.cc         bare names and selectors
//   checker_comparisons.cc   comparisons and the method forms of them
//   checker_types.cc         operands of impossible types
//   checker_calls.cc         functions and methods
//   checker_aggregates.cc    count, sum, ..., and `by`
//
// Nothing outside of these includes this header; checker.h is the door.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "betrace/rules/condition_builder.h"
#include "betrace/rules/function_table.h"
#include "betrace/rules/refusal.h"
#include "betrace/rules/syntax.h"

namespace betrace::rules {

/// Where an expression stands: decides what a bare name means there (docs/guide/rule-reference.md,
/// 3.1).
enum class Place : std::uint8_t {
  Rule,            // outside all parentheses
  Candidate,       // in a span condition
  Where,           // in .where(...)
  Event,           // in span.events.any/count(...)
  Link,            // in span.links.any/count(...)
  AggregateValue,  // the value that an aggregate collects
};

/// The surroundings of an expression.
struct Surroundings {
  Place place = Place::Rule;
  bool at_rule_level = true;  ///< `span` is the rule-level span, not a candidate.
  bool anchor = false;        ///< `anchor`, `event`, `link` are bound.
  bool event = false;
  bool link = false;
};

/// What a path with a reserved root stands for.
struct Reference {
  enum class Kind : std::uint8_t {
    Refused,
    Value,  // value
    Span,   // span
    Trace,
    Event,
    Link,
    Events,
    Links,  // of span
    EventAttributes,
    LinkAttributes,
  };
  Kind kind = Kind::Refused;
  SpanRef span;
  ValuePointer value;
};

/// A call is one or the other; neither after a refusal.
struct CallResult {
  ValuePointer value;
  ConditionPointer condition;
};

/// A comparison, in operator or method form. Views of the syntax tree.
struct Test {
  ComparisonWord word = ComparisonWord::Equal;
  bool negated = false;
  const Syntax& left;
  const Syntax& right;
  SourceRange range;
};

/// Checks one rule. All functions return nothing after noting a refusal. Not shared, not reused.
class Checker {
 public:
  Checker(bool rule_has_span, Refusal* refusal, std::vector<Diagnostic>* warnings)
      : rule_has_span_(rule_has_span), refusal_(refusal), warnings_(warnings) {}

  ConditionPointer condition(const Syntax& syntax, const Surroundings& around);

 private:
  // checker_conditions.cc
  ConditionPointer logic(Condition::Kind kind, const Syntax& syntax, const Surroundings& around);
  ConditionPointer literal_condition(const Syntax& syntax, const Surroundings& around);
  ConditionPointer path_condition(const Syntax& path, const Surroundings& around);
  ConditionPointer call_condition(const Syntax& call, const Surroundings& around);
  ConditionPointer arithmetic_condition(const Syntax& syntax);
  ConditionPointer truth_of(ValuePointer value, const Syntax& syntax);

  // checker_values.cc
  ValuePointer value(const Syntax& syntax, const Surroundings& around);
  ValuePointer path_value(const Syntax& path, const Surroundings& around);
  ValuePointer call_value(const Syntax& call, const Surroundings& around);
  ValuePointer operation(Value::Kind kind, const Syntax& syntax, const Surroundings& around);
  ValuePointer index(const Syntax& syntax, const Surroundings& around);
  ValuePointer indexed(ValuePointer target, const Syntax& key, SourceRange range);
  ValuePointer indexed_reference(Reference reference, const Syntax& syntax);
  std::nullptr_t refuse_as_value(const Syntax& syntax);
  std::nullptr_t refuse_reference(Reference::Kind kind, const Syntax& path);

  // checker_paths.cc
  Reference resolve(const Syntax& path, const Surroundings& around);
  Reference span_path(SpanRef span, const Syntax& path, std::size_t at);
  Reference span_field(SpanRef span, const Syntax& path, std::size_t at);
  Reference scope_field(SpanRef span, const Syntax& path, std::size_t at);
  Reference trace_path(const Syntax& path);
  Reference event_path(const Syntax& path, const Surroundings& around);
  Reference link_path(const Syntax& path, const Surroundings& around);
  std::nullptr_t refuse_anchor(const Syntax& path, const Surroundings& around);
  std::nullptr_t refuse_span_field(const Syntax& path, std::size_t at);

  // checker_names.cc
  ConditionPointer name_condition(std::string name, SourceRange range, const Surroundings& around);
  CallResult where(const Syntax& call, const Surroundings& around);
  ConditionPointer selector(const Syntax& name, const std::vector<const Syntax*>& filters,
                            SourceRange range, const Surroundings& around);
  ConditionPointer filtered(ConditionPointer first, const std::vector<const Syntax*>& filters,
                            const Surroundings& candidate);
  bool may_filter(const Syntax& call, const Syntax& base, const Surroundings& around);
  std::nullptr_t refuse_name(const Syntax& name);
  std::nullptr_t refuse_dotted_text(const Syntax& name);

  // checker_comparisons.cc
  ConditionPointer test(const Test& test, const Surroundings& around);
  ConditionPointer named_attribute_test(const Test& test, const Surroundings& around);
  ConditionPointer build_test(const Test& test, ValuePointer left, ValuePointer right);
  ConditionPointer matches_test(const Test& test, ValuePointer left);
  ValuePointer left_operand(const Test& test, const Surroundings& around);
  ValuePointer right_operand(const Test& test, const Surroundings& around);
  ValuePointer bare_right_operand(const Test& test, const Surroundings& around);
  ValuePointer attribute_of_candidate(const Syntax& name, const Syntax& other,
                                      const Surroundings& around);
  void warn_of_duration_attribute(SourceRange range, const Syntax& other);

  // checker_types.cc
  bool may_compare(const Test& test, const Value& left, const Value& right);
  bool may_order(const Test& test, const Value& left, const Value& right);
  bool may_equal_duration(const Test& test, const Value& left, const Value& right);
  bool may_contain(const Test& test, const Value& right);
  bool may_be_affix(const Test& test, const Value& right);

  // checker_calls.cc
  CallResult call(const Syntax& call, const Surroundings& around);
  CallResult trace_function(const Syntax& call, const Surroundings& around);
  CallResult span_method(const Syntax& call, const Surroundings& around);
  ConditionPointer structure(const Syntax& call, SpanRef span, const StructureRow& row,
                             const Surroundings& around);
  bool read_within(const Syntax& call, Condition* condition);
  ConditionPointer has_attribute(const Syntax& call, SpanRef span);
  CallResult event_method(const Syntax& call, const Surroundings& around);
  CallResult value_method(const Syntax& call, const ValueMethodRow& row,
                          const Surroundings& around);
  std::nullptr_t refuse_unknown_method(const Syntax& call);
  bool takes(const Syntax& call, std::size_t minimum, std::size_t maximum, std::string message,
             std::string_view example);

  // checker_aggregates.cc
  ValuePointer aggregate(const Syntax& call, const AggregateRow& row, const Surroundings& around);
  ValuePointer collected_value(const Syntax& call, const Syntax& syntax,
                               const Surroundings& around);
  bool read_percent(const Syntax& syntax, Value* aggregate);
  ValuePointer grouped(const Syntax& by, const Surroundings& around);
  ValuePointer group_key(const Syntax& syntax, const Surroundings& around);
  std::nullptr_t refuse_by(const Syntax& by);

  /// Inside the parentheses that `span` becomes a candidate in.
  [[nodiscard]] Surroundings candidate_of(const Surroundings& around, Place place) const noexcept;

  std::nullptr_t refuse(Code code, SourceRange range, std::string message, std::string hint = {}) {
    return refusal_->because(code, range, std::move(message), std::move(hint));
  }

  bool rule_has_span_;
  Refusal* refusal_;
  std::vector<Diagnostic>* warnings_;
};

}  // namespace betrace::rules
