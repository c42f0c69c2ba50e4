// Visits every part of a checked tree, and says how deep in candidates it stands.
//
// Used by the classification and the warnings. The order is that of the text, outer parts first.
#pragma once

#include <functional>

#include "betrace/rules/condition.h"

namespace betrace::rules {

/// Called for each condition and value. `level` counts the parentheses in which `span` became
/// another candidate: 0 where it means what it means at the root of the walk. Event and link
/// conditions do not count. A Structure's own `span` belongs to its level, its child to the next.
struct TreeVisitor {
  std::function<void(const Condition&, int level)> on_condition;
  std::function<void(const Value&, int level)> on_value;
};

/// Cost: linear in the tree.
void walk(const Condition& condition, const TreeVisitor& visitor, int level = 0);
void walk(const Value& value, const TreeVisitor& visitor, int level = 0);

}  // namespace betrace::rules
