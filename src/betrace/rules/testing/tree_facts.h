// Test support: what must hold of the evaluation of a checked tree, whatever the trace says.
#pragma once

#include <cstddef>

#include "betrace/rules/condition.h"

namespace betrace::rules {

/// True if `condition` cites a span whenever it is true, by section 7 of the language reference.
/// False where that depends on the trace.
[[nodiscard]] bool always_cites(const Condition& condition);

/// The tests of candidates by plain loops: every span is tried for every condition, by its parts
/// that read the candidate alone and by the others. `spans` and `events`: of the trace, and of the
/// span with the most events or links.
[[nodiscard]] double tests_of_plain_loops(const Condition& condition, std::size_t spans,
                                          std::size_t events);

}  // namespace betrace::rules
