// Test support: a random trace of few spans, far stranger than a real one.
//
// Parents are missing, late, cyclic or the span itself; times touch, overlap, run backwards and lie
// at the end of their range; attributes have all types, and one key has many.
#pragma once

#include <vector>

#include "betrace/model/kept_span.h"
#include "betrace/rules/testing/random_choices.h"

namespace betrace::rules {

/// Spans of one trace with different ids, 1 to 9 of them.
[[nodiscard]] std::vector<model::KeptSpan> random_trace(RandomChoices* choices);

}  // namespace betrace::rules
