#include "betrace/rules/formula.h"

#include <utility>

namespace betrace::rules {
namespace {

using FormulaKind = Formula::Kind;

// Joins parts under `kind`; a part of `neutral` kind changes nothing, one of `absorbing` decides.
Formula join(FormulaKind kind, FormulaKind neutral, FormulaKind absorbing,
             std::vector<Formula> parts) {
  Formula joined;
  joined.kind = kind;
  for (Formula& part : parts) {
    if (part.kind == absorbing) return std::move(part);
    if (part.kind == neutral) continue;
    if (part.kind != kind) {
      joined.children.push_back(std::move(part));
      continue;
    }
    std::move(part.children.begin(), part.children.end(), std::back_inserter(joined.children));
  }
  if (joined.children.empty()) return constant_formula(neutral == FormulaKind::True);
  if (joined.children.size() == 1) {
    Formula only = std::move(joined.children.front());
    return only;
  }
  return joined;
}

struct Guard {
  std::vector<std::uint32_t> literals;
  std::uint32_t rank = 0;  // of the literal that holds most often
};

std::optional<Guard> find_guard(const Formula& formula, const GuardRank& rank);

std::optional<Guard> guard_of_and(const Formula& formula, const GuardRank& rank) {
  std::optional<Guard> best;
  for (const Formula& child : formula.children) {
    auto guard = find_guard(child, rank);
    if (!guard) continue;
    const bool is_better =
        !best || guard->rank < best->rank ||
        (guard->rank == best->rank && guard->literals.size() < best->literals.size());
    if (is_better) best = std::move(guard);
  }
  return best;
}

std::optional<Guard> guard_of_or(const Formula& formula, const GuardRank& rank) {
  Guard all;
  for (const Formula& child : formula.children) {
    const auto guard = find_guard(child, rank);
    if (!guard) return std::nullopt;
    all.literals.insert(all.literals.end(), guard->literals.begin(), guard->literals.end());
    all.rank = std::max(all.rank, guard->rank);
  }
  return all;
}

std::optional<Guard> find_guard(const Formula& formula, const GuardRank& rank) {
  switch (formula.kind) {
    case FormulaKind::True:
      return std::nullopt;
    case FormulaKind::False:
      return Guard();
    case FormulaKind::Literal: {
      if (formula.negated) return std::nullopt;
      const auto own = rank(formula.literal);
      return own ? std::optional(Guard{{formula.literal}, *own}) : std::nullopt;
    }
    case FormulaKind::And:
      return guard_of_and(formula, rank);
    case FormulaKind::Or:
      break;
  }
  return guard_of_or(formula, rank);
}

}  // namespace

Formula constant_formula(bool truth) {
  Formula formula;
  formula.kind = truth ? FormulaKind::True : FormulaKind::False;
  return formula;
}

Formula literal_formula(std::uint32_t literal, bool negated) {
  Formula formula;
  formula.kind = FormulaKind::Literal;
  formula.literal = literal;
  formula.negated = negated;
  return formula;
}

Formula all_of(std::vector<Formula> parts) {
  return join(FormulaKind::And, FormulaKind::True, FormulaKind::False, std::move(parts));
}

Formula any_of(std::vector<Formula> parts) {
  return join(FormulaKind::Or, FormulaKind::False, FormulaKind::True, std::move(parts));
}

std::optional<std::vector<std::uint32_t>> guard_of(const Formula& formula, const GuardRank& rank) {
  auto guard = find_guard(formula, rank);
  if (!guard) return std::nullopt;
  std::sort(guard->literals.begin(), guard->literals.end());
  guard->literals.erase(std::unique(guard->literals.begin(), guard->literals.end()),
                        guard->literals.end());
  return std::move(guard->literals);
}

}  // namespace betrace::rules
