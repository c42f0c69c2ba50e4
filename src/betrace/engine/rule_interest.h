// Which data of spans the rules of a set read, in conditions and messages.
//
// rule_set.cc keeps it for the receivers, so that what nobody reads is not even kept for a moment.
#pragma once

#include <string>
#include <vector>

#include "betrace/model/span_interest.h"
#include "betrace/rules/checked_rule.h"

namespace betrace::engine {

/// Adds what the conditions of `rule` read of spans, resources, events and links.
void add_interest_of(const rules::CheckedRule& rule, model::SpanInterest* interest);

}  // namespace betrace::engine
