#include "betrace/rules/predicate_network.h"

#include <algorithm>
#include <span>
#include <utility>

#include "betrace/base/check.h"
#include "betrace/rules/candidate_formula.h"

namespace betrace::rules {

PredicateNetwork::PredicateNetwork(std::vector<NetworkRule> rules, const PredicateNetwork* previous)
    : rules_(std::move(rules)), next_id_(previous == nullptr ? 0 : previous->next_id_) {
  if (previous != nullptr) ids_ = previous->ids_;
  const NameTest name_test = [this](const Condition& test, bool negated) {
    return tests_.literal_of(test, negated);
  };
  const NamePredicate name_predicate = [&](const Condition* condition) {
    if (condition == nullptr) return NamedPredicate{add(constant_formula(true)), true};
    CandidateFormula candidate = candidate_formula(*condition, name_test);
    return NamedPredicate{add(std::move(candidate.formula)), candidate.is_exact};
  };
  for (const auto& [rule, reads_every_span] : rules_) {
    if (programs_.contains(rule.get())) continue;
    RuleProgram program = compile_rule(*rule, name_predicate);
    if (reads_every_span) program.predicates.push_back(name_predicate(nullptr).id);
    programs_.emplace(rule.get(), std::move(program));
  }
  tests_.seal();
  list_by_test();
  std::erase_if(ids_, [this](const auto& entry) { return !places_.contains(entry.second); });
}

const RuleProgram& PredicateNetwork::program_of(const CheckedRule& rule) const {
  const auto found = programs_.find(&rule);
  BETRACE_CHECK(found != programs_.end());
  return found->second;
}

const std::string& PredicateNetwork::text_of(PredicateId id) const {
  const auto found = places_.find(id);
  BETRACE_CHECK(found != places_.end());
  return predicates_[found->second].text;
}

PredicateId PredicateNetwork::add(Formula formula) {
  std::string text = text_of(formula);
  const auto [entry, is_new] = ids_.emplace(text, next_id_);
  if (is_new) ++next_id_;
  const auto place = static_cast<std::uint32_t>(predicates_.size());
  if (places_.emplace(entry->second, place).second) {
    auto conjunction = conjunction_of(formula);
    predicates_.push_back(
        {entry->second, std::move(text), std::move(formula), std::move(conjunction)});
  }
  return entry->second;
}

std::optional<std::vector<PredicateNetwork::TestLiteral>> PredicateNetwork::conjunction_of(
    const Formula& formula) {
  const std::span<const Formula> parts = formula.kind == Formula::Kind::And
                                             ? std::span<const Formula>(formula.children)
                                             : std::span(&formula, 1);
  std::vector<TestLiteral> literals;
  for (const Formula& part : parts) {
    if (part.kind != Formula::Kind::Literal) return std::nullopt;
    literals.push_back({part.literal, part.negated});
  }
  return literals;
}

std::string PredicateNetwork::text_of(const Formula& formula) const {
  switch (formula.kind) {
    case Formula::Kind::True:
      return "true";
    case Formula::Kind::False:
      return "false";
    case Formula::Kind::Literal: {
      const std::string& test = tests_.text_of(formula.literal);
      return formula.negated ? "not " + test : test;
    }
    case Formula::Kind::And:
    case Formula::Kind::Or:
      break;
  }
  // The order in which a rule names its parts does not matter.
  std::vector<std::string> parts;
  parts.reserve(formula.children.size());
  for (const Formula& child : formula.children) parts.push_back(text_of(child));
  std::sort(parts.begin(), parts.end());
  const bool is_and = formula.kind == Formula::Kind::And;
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text += is_and ? " and " : " or ";
    text += parts[i];
  }
  return is_and ? text : "(" + text + ")";
}

// How many predicates ask for each test. A test of few of them tells more about a span than one of
// many, and it leaves fewer of them to look at.
std::vector<std::uint32_t> PredicateNetwork::count_uses() const {
  std::vector<std::uint32_t> uses(tests_.size());
  const auto count = [&uses](const auto& self, const Formula& formula) -> void {
    if (formula.kind == Formula::Kind::Literal) ++uses[formula.literal];
    for (const Formula& child : formula.children) self(self, child);
  };
  for (const Predicate& predicate : predicates_) count(count, predicate.formula);
  return uses;
}

void PredicateNetwork::list_by_test() {
  by_test_.resize(tests_.size());
  const std::vector<std::uint32_t> uses = count_uses();
  constexpr std::uint32_t kUsesMax = 0xFFFFFF;
  const GuardRank rank = [&](std::uint32_t test) -> std::optional<std::uint32_t> {
    const auto form = tests_.rank_of(test);
    if (!form) return std::nullopt;
    return *form * (kUsesMax + 1) + std::min(uses[test], kUsesMax);
  };
  for (std::uint32_t place = 0; place < predicates_.size(); ++place) {
    const auto guard = guard_of(predicates_[place].formula, rank);
    if (!guard) {
      always_.push_back(place);
      continue;
    }
    for (const std::uint32_t test : *guard) by_test_[test].push_back(place);
  }
}

SpanMatcher::SpanMatcher(std::shared_ptr<const PredicateNetwork> network)
    : network_(std::move(network)),
      truths_(network_->tests_.size(), network_->tests_.subject_count()),
      tried_(network_->predicates_.size(), 0) {}

const std::vector<PredicateId>& SpanMatcher::match(const model::SpanView& span) {
  met_.clear();
  if (++generation_ == 0) {
    tried_.assign(tried_.size(), 0);
    generation_ = 1;
  }
  network_->tests_.mark(span, &truths_);
  for (const TestIndex test : truths_.marked()) {
    for (const std::uint32_t place : network_->by_test_[test]) try_predicate(place, span);
  }
  for (const std::uint32_t place : network_->always_) try_predicate(place, span);
  std::sort(met_.begin(), met_.end());
  return met_;
}

void SpanMatcher::try_predicate(std::uint32_t place, const model::SpanView& span) {
  if (tried_[place] == generation_) return;
  tried_[place] = generation_;
  const PredicateNetwork::Predicate& predicate = network_->predicates_[place];
  const auto holds = [&](TestIndex test) { return network_->tests_.holds(test, span, &truths_); };
  if (!predicate.conjunction) {
    if (evaluate(predicate.formula, holds)) met_.push_back(predicate.id);
    return;
  }
  for (const auto& literal : *predicate.conjunction) {
    if (holds(literal.test) == literal.negated) return;
  }
  met_.push_back(predicate.id);
}

}  // namespace betrace::rules
