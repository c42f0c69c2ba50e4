// What a rule asks of a trace, in terms of the predicates that its spans met: enough to see that
// most traces cannot violate it.
//
// predicate_network.cc makes one for each rule. Where the program says "possible", the evaluator
// decides; where it says "impossible", it would have said no.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "betrace/rules/checked_rule.h"
#include "betrace/rules/formula.h"
#include "betrace/rules/trace_totals.h"

namespace betrace::rules {

/// Names a predicate of a PredicateNetwork; never reused for another one.
using PredicateId = std::uint32_t;

/// A fact about a trace.
struct TraceLiteral {
  enum class Kind : std::uint8_t {
    Met,     ///< At least `at_least` spans met `predicate`.
    Totals,  ///< `test` holds, which reads nothing but totals of the trace.
  };
  Kind kind = Kind::Met;
  PredicateId predicate = 0;
  std::uint32_t at_least = 1;
  const Condition* test = nullptr;

  [[nodiscard]] friend bool operator==(const TraceLiteral&, const TraceLiteral&) = default;
};

struct RuleProgram {
  /// Span scope: the rule is violated by the spans that meet it, and by no others.
  std::optional<PredicateId> span_predicate;
  /// Trace and mixed scope: no violation where this does not hold. Over `literals`.
  Formula may_violate;
  std::vector<TraceLiteral> literals;
  /// A trace of which no span met one of these cannot violate the rule; nothing: any trace may.
  std::optional<std::vector<PredicateId>> triggers;
  /// Every predicate of the rule, ascending: a span that meets none of them, and is only counted,
  /// changes no verdict, witness or explanation.
  std::vector<PredicateId> predicates;
};

/// Whether the test of a Totals literal holds.
[[nodiscard]] bool totals_hold(const Condition& test, const TraceTotals& totals);

/// Gives a condition on candidates its predicate. `is_exact`: the predicate says all of it.
struct NamedPredicate {
  PredicateId id = 0;
  bool is_exact = true;
};
/// Null: the condition that every span meets.
using NamePredicate = std::function<NamedPredicate(const Condition* condition)>;

/// Cost: quadratic in the depth of nested parentheses, else linear in the rule.
[[nodiscard]] RuleProgram compile_rule(const CheckedRule& rule, const NamePredicate& name);

}  // namespace betrace::rules
