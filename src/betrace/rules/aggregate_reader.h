// Evaluating aggregates on a trace: the fitting spans, their values, and their groups.
#pragma once

#include <cstdint>
#include <vector>

#include "betrace/rules/aggregates.h"
#include "betrace/rules/bindings.h"
#include "betrace/rules/condition.h"
#include "betrace/rules/rule_run.h"

namespace betrace::rules {

/// The counted spans of an ungrouped aggregate with their values, in canonical order.
[[nodiscard]] std::vector<Sample> samples_of(const Value& aggregate_value, const Bindings& outside,
                                             RuleRun* run);

/// The value of an ungrouped aggregate; remembered. Requires: kind Aggregate without `by`.
[[nodiscard]] RuntimeValue read_aggregate(const Value& aggregate_value, const Bindings& outside,
                                          RuleRun* run);

/// Fitting spans with equal keys.
struct Group {
  std::vector<Sample> samples;  ///< Those of them that the aggregate counts, in canonical order.
  RuntimeValue value;           ///< The aggregate over them.
};

/// The groups by first span. Requires: kind Aggregate with `by`.
[[nodiscard]] std::vector<Group> groups_of(const Value& aggregate_value, const Bindings& outside,
                                           RuleRun* run);

/// The groups for which a grouped comparison holds.
[[nodiscard]] std::vector<Group> satisfying_groups(const Condition& comparison,
                                                   const Bindings& bindings, RuleRun* run);

}  // namespace betrace::rules
