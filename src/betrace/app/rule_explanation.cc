#include "betrace/app/rule_explanation.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <map>
#include <ostream>

#include "betrace/rules/predicate_network.h"
#include "betrace/rules/tree_text.h"

namespace betrace::app {
namespace {

using rules::PredicateId;
using rules::PredicateNetwork;
using rules::RuleProgram;

/// How many rules ask for each predicate.
using Users = std::map<PredicateId, std::size_t>;

PredicateNetwork network_of(const std::vector<NamedRule>& rules) {
  std::vector<rules::NetworkRule> all;
  for (const NamedRule& each : rules) all.push_back({each.rule});
  return PredicateNetwork(std::move(all), nullptr);
}

Users count_users(const std::vector<NamedRule>& rules, const PredicateNetwork& network) {
  Users users;
  for (const NamedRule& each : rules) {
    for (const PredicateId id : network.program_of(*each.rule).predicates) ++users[id];
  }
  return users;
}

std::string spans_with(const std::string& predicate) {
  return predicate == "true" ? "every span" : "spans with " + predicate;
}

void explain_meaning(const NamedRule& named, std::ostream& out) {
  const rules::CheckedRule& rule = *named.rule;
  fmt::print(out, "{}\n  {}\n  scope      {}\n  decided    {}{}\n", named.name, rule.normalized,
             rules::name_of(rule.scope), rules::name_of(rule.firing),
             rule.monotone ? "; more spans cannot make it false" : "");
  fmt::print(out, "  means      {}\n", rules::tree_text(*rule.condition));
  fmt::print(out, "  reads      {}\n", fmt::join(rule.fields, ", "));
  for (const rules::RuleClause& clause : rule.clauses) {
    fmt::print(out, "  clause     {}\n", clause.text);
  }
}

void explain_triggers(const RuleProgram& program, const PredicateNetwork& network,
                      std::ostream& out) {
  if (program.span_predicate) return;
  if (!program.triggers) {
    fmt::print(out, "  evaluated  on any trace: no span is needed to violate it\n");
    return;
  }
  for (const PredicateId id : *program.triggers) {
    fmt::print(out, "  evaluated  if a span has {}\n", network.text_of(id));
  }
}

void explain_state(const RuleProgram& program, const PredicateNetwork& network, const Users& users,
                   std::ostream& out) {
  for (const PredicateId id : program.predicates) {
    const std::size_t others = users.at(id) - 1;
    fmt::print(out, "  keeps      {}", spans_with(network.text_of(id)));
    if (others > 0) fmt::print(out, " (as {} other rule{})", others, others == 1 ? "" : "s");
    fmt::print(out, "\n");
  }
}

}  // namespace

void explain_rules(const std::vector<NamedRule>& rules, std::ostream& out) {
  const PredicateNetwork network = network_of(rules);
  const Users users = count_users(rules, network);
  for (const NamedRule& each : rules) {
    const RuleProgram& program = network.program_of(*each.rule);
    explain_meaning(each, out);
    explain_triggers(program, network, out);
    explain_state(program, network, users, out);
  }
}

}  // namespace betrace::app
