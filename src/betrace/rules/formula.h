// A boolean formula over numbered literals: what spans, or traces, must show for a condition to be
// possible.
//
// candidate_formula.cc and rule_program.cc make them; predicate_network.cc decides them for spans,
// engine/ for traces. Negation stands at the literals only.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "betrace/rules/condition.h"

namespace betrace::rules {

/// A value type. And and Or have two or more children, none of which is True or False.
struct Formula {
  enum class Kind : std::uint8_t { True, False, Literal, And, Or };
  Kind kind = Kind::True;
  bool negated = false;       // Literal
  std::uint32_t literal = 0;  // Literal: what it means is its maker's business
  std::vector<Formula> children;
};

[[nodiscard]] Formula constant_formula(bool truth);
[[nodiscard]] Formula literal_formula(std::uint32_t literal, bool negated = false);
/// `and` and `or` of `parts`, simplified. Of none: True, and False.
[[nodiscard]] Formula all_of(std::vector<Formula> parts);
[[nodiscard]] Formula any_of(std::vector<Formula> parts);

/// True if the formula holds where `holds(literal)` says which literals do.
template <typename Holds>
bool evaluate(const Formula& formula, const Holds& holds) {
  const auto is_true = [&holds](const Formula& part) { return evaluate(part, holds); };
  switch (formula.kind) {
    case Formula::Kind::True:
      return true;
    case Formula::Kind::False:
      return false;
    case Formula::Kind::Literal:
      return holds(formula.literal) != formula.negated;
    case Formula::Kind::And:
      return std::all_of(formula.children.begin(), formula.children.end(), is_true);
    case Formula::Kind::Or:
      break;
  }
  return std::any_of(formula.children.begin(), formula.children.end(), is_true);
}

/// The formula of `condition`, or of its contrary, with negation moved to the leaves:
/// `leaf(condition, negated)` gives the formula of whatever is no `and`, `or`, `not` or constant.
template <typename Leaf>
Formula formula_of(const Condition& condition, bool negated, const Leaf& leaf) {
  const auto parts = [&] {
    std::vector<Formula> formulas;
    formulas.reserve(condition.children.size());
    for (const auto& child : condition.children) {
      formulas.push_back(formula_of(*child, negated, leaf));
    }
    return formulas;
  };
  switch (condition.kind) {
    case Condition::Kind::True:
    case Condition::Kind::False:
      return constant_formula((condition.kind == Condition::Kind::True) != negated);
    case Condition::Kind::Not:
      return formula_of(*condition.children[0], !negated, leaf);
    case Condition::Kind::And:
      return negated ? any_of(parts()) : all_of(parts());
    case Condition::Kind::Or:
      return negated ? all_of(parts()) : any_of(parts());
    default:
      return leaf(condition, negated);
  }
}

/// How often a literal is expected to hold, as a rank: a guard prefers the least. Nothing for a
/// literal that can be in no guard.
using GuardRank = std::function<std::optional<std::uint32_t>(std::uint32_t literal)>;

/// Literals of which at least one must hold for the formula to hold, sorted, each once; empty for
/// False. Nothing if the formula can hold with none of those that `rank` admits.
[[nodiscard]] std::optional<std::vector<std::uint32_t>> guard_of(const Formula& formula,
                                                                 const GuardRank& rank);

}  // namespace betrace::rules
