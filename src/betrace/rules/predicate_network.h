// All active rules at once: which of their predicates does a span meet?
//
// A predicate is what a span must show by itself to matter at one place of a rule; the same
// predicate of many rules is one. engine/ builds a network whenever rules change, and asks it for
// every span with a SpanMatcher; rule_program.h says what follows for each rule.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "betrace/model/span_view.h"
#include "betrace/rules/checked_rule.h"
#include "betrace/rules/formula.h"
#include "betrace/rules/rule_program.h"
#include "betrace/rules/span_tests.h"
#include "betrace/rules/span_truths.h"

namespace betrace::rules {

struct NetworkRule {
  std::shared_ptr<const CheckedRule> rule;
  /// Something else about the rule, such as its message, reads other spans of the trace than those
  /// that meet its predicates.
  bool reads_every_span = false;
};

/// Immutable and thread-safe.
class PredicateNetwork {
 public:
  /// Compiles all rules together. A predicate that `previous` (may be null) knows keeps its id, so
  /// that what was matched before a change stays valid. Cost: linear in the rules.
  PredicateNetwork(std::vector<NetworkRule> rules, const PredicateNetwork* previous);

  /// What the rule asks of a trace. Requires: it is one of those compiled.
  [[nodiscard]] const RuleProgram& program_of(const CheckedRule& rule) const;

  [[nodiscard]] std::size_t test_count() const noexcept { return tests_.size(); }
  [[nodiscard]] std::size_t predicate_count() const noexcept { return predicates_.size(); }

  /// A predicate as rules write it. Requires: it is one of this network.
  [[nodiscard]] const std::string& text_of(PredicateId id) const;

 private:
  friend class SpanMatcher;

  struct TestLiteral {
    TestIndex test = 0;
    bool negated = false;
  };

  struct Predicate {
    PredicateId id = 0;
    std::string text;
    Formula formula;  // over tests
    /// The parts of `formula` if it is nothing but literals that must hold together.
    std::optional<std::vector<TestLiteral>> conjunction;
  };

  [[nodiscard]] PredicateId add(Formula formula);
  [[nodiscard]] std::string text_of(const Formula& formula) const;
  [[nodiscard]] static std::optional<std::vector<TestLiteral>> conjunction_of(
      const Formula& formula);
  [[nodiscard]] std::vector<std::uint32_t> count_uses() const;
  void list_by_test();

  std::vector<NetworkRule> rules_;  // kept, for the tests refer to them
  SpanTests tests_;
  std::vector<Predicate> predicates_;
  std::map<std::string, PredicateId, std::less<>> ids_;  // by text
  PredicateId next_id_ = 0;
  std::unordered_map<PredicateId, std::uint32_t> places_;  // in predicates_
  std::vector<std::vector<std::uint32_t>> by_test_;  // predicates to look at where a test holds
  std::vector<std::uint32_t> always_;                // predicates to look at for every span
  std::unordered_map<const CheckedRule*, RuleProgram> programs_;
};

/// Asks a network about one span after the other. Owned by one thread.
class SpanMatcher {
 public:
  explicit SpanMatcher(std::shared_ptr<const PredicateNetwork> network);

  [[nodiscard]] const std::shared_ptr<const PredicateNetwork>& network() const noexcept {
    return network_;
  }

  /// The predicates that `span` meets, ascending, each once. Valid until the next call.
  [[nodiscard]] const std::vector<PredicateId>& match(const model::SpanView& span);

 private:
  void try_predicate(std::uint32_t place, const model::SpanView& span);

  std::shared_ptr<const PredicateNetwork> network_;
  SpanTruths truths_;
  std::uint32_t generation_ = 0;
  std::vector<std::uint32_t> tried_;  // by predicate: the span for which it was tried
  std::vector<PredicateId> met_;
};

}  // namespace betrace::rules
