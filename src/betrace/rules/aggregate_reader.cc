#include "betrace/rules/aggregate_reader.h"

#include <string>
#include <unordered_map>
#include <utility>

#include "betrace/rules/candidates.h"
#include "betrace/rules/condition_truth.h"
#include "betrace/rules/value_reader.h"

namespace betrace::rules {
namespace {

// Adds the sample of the candidate that is bound as `inside.span`, if it counts.
void add_sample(const Value& aggregate_value, const Bindings& inside, RuleRun* run,
                std::vector<Sample>* samples) {
  if (aggregate_value.aggregate == AggregateKind::Count) {
    samples->push_back({inside.span.index, {}});
    return;
  }
  const RuntimeValue read = read_value(*aggregate_value.operands[0], inside, run);
  RuntimeValue value = sample_value(aggregate_value.aggregate, read);
  if (!value.is_nil()) samples->push_back({inside.span.index, std::move(value)});
}

// The identity of the keys together; empty if one is nil.
std::string group_identity(const Value& aggregate_value, const Bindings& inside, RuleRun* run) {
  std::string identity;
  for (const auto& key : aggregate_value.group_by) {
    const RuntimeValue value = read_value(*key, inside, run);
    if (value.is_nil()) return {};
    append_identity(value, &identity);
  }
  return identity;
}

}  // namespace

std::vector<Sample> samples_of(const Value& aggregate_value, const Bindings& outside,
                               RuleRun* run) {
  std::vector<Sample> samples;
  ClauseMemo& memo = run->memo_of_aggregate(aggregate_value);
  visit_fitting(&memo, outside, run, [&](const Bindings& inside) {
    add_sample(aggregate_value, inside, run, &samples);
    return true;
  });
  return samples;
}

RuntimeValue read_aggregate(const Value& aggregate_value, const Bindings& outside, RuleRun* run) {
  ClauseMemo& memo = run->memo_of_aggregate(aggregate_value);
  const auto key = RuleRun::key_of(memo, outside.span);
  if (key) {
    const auto known = memo.values.find(*key);
    if (known != memo.values.end()) return known->second;
  }
  const std::vector<Sample> samples = samples_of(aggregate_value, outside, run);
  if (run->budget().is_spent()) return {};
  RuntimeValue value = aggregate(aggregate_value.aggregate, aggregate_value.percent, samples);
  if (key) memo.values.emplace(*key, value);
  return value;
}

std::vector<Group> groups_of(const Value& aggregate_value, const Bindings& outside, RuleRun* run) {
  std::vector<Group> groups;
  std::unordered_map<std::string, std::size_t> places;
  ClauseMemo& memo = run->memo_of_aggregate(aggregate_value);
  visit_fitting(&memo, outside, run, [&](const Bindings& inside) {
    const std::string identity = group_identity(aggregate_value, inside, run);
    if (identity.empty()) return true;
    const std::size_t place = places.try_emplace(identity, groups.size()).first->second;
    if (place == groups.size()) groups.emplace_back();
    add_sample(aggregate_value, inside, run, &groups[place].samples);
    return true;
  });
  for (Group& group : groups) {
    group.value = aggregate(aggregate_value.aggregate, aggregate_value.percent, group.samples);
  }
  return groups;
}

std::vector<Group> satisfying_groups(const Condition& comparison, const Bindings& bindings,
                                     RuleRun* run) {
  std::vector<Group> groups = groups_of(*comparison.left, bindings, run);
  RuntimeValue right;
  if (comparison.right) right = read_value(*comparison.right, bindings, run);
  std::erase_if(groups,
                [&](const Group& group) { return !apply_test(comparison, group.value, right); });
  return groups;
}

}  // namespace betrace::rules
