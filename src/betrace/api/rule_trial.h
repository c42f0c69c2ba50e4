// Tries one rule on given spans, with the engine of production and no trace left behind.
//
// Used by POST /v1/rules/test. Every trace counts as closed and complete, nothing is bounded by
// noise, stored, exported or counted. Reads no clock.
#pragma once

#include <vector>

#include "betrace/base/time.h"
#include "betrace/engine/redaction.h"
#include "betrace/engine/rule_set.h"
#include "betrace/model/kept_span.h"
#include "betrace/model/violation.h"

namespace betrace::api {

struct RuleTrial {
  std::vector<model::Violation> violations;  ///< Final state of each, in the order of decision.
  bool is_budget_spent = false;              ///< On some trace the rule could not be evaluated.
};

/// Judges each trace in `spans` by `rule`, enabled or not; violations show what `redaction` lets
/// them. `now` is when everything arrives and
/// closes. Cost: that of the engine, at most its step budget for each trace.
[[nodiscard]] RuleTrial try_rule(const engine::ActiveRule& rule, std::vector<model::KeptSpan> spans,
                                 engine::RedactionPtr redaction, const Now& now);

}  // namespace betrace::api
