#include "betrace/engine/network_judge.h"

#include <algorithm>

namespace betrace::engine {
namespace {

bool may_violate(const rules::RuleProgram& program, const traces::TraceState& trace) {
  return rules::evaluate(program.may_violate, [&](std::uint32_t place) {
    const rules::TraceLiteral& literal = program.literals[place];
    if (literal.kind == rules::TraceLiteral::Kind::Met) {
      return trace.met().count(literal.predicate) >= literal.at_least;
    }
    return rules::totals_hold(*literal.test, totals_of(trace));
  });
}

}  // namespace

void NetworkJudge::judge_span(const RuleSet& rules, const model::SpanView* /*span*/,
                              std::span<const rules::PredicateId> met,
                              std::vector<std::uint32_t>* violated) {
  for (const rules::PredicateId predicate : met) {
    const RuleSet::RuleIndexes indexes = rules.violated_by(predicate);
    violated->insert(violated->end(), indexes.begin(), indexes.end());
  }
  std::sort(violated->begin(), violated->end());
}

void NetworkJudge::add_possible(const RuleSet& rules, const traces::TraceState& trace,
                                Moment moment, std::vector<std::uint32_t>* possible) {
  rules.add_possible(trace.met(), moment, possible);
  std::erase_if(*possible,
                [&](std::uint32_t index) { return !may_violate(rules.program(index), trace); });
}

}  // namespace betrace::engine
