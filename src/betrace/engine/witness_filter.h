// Copies a witness out of a trace with only what a violation may show of it.
//
// The engine keeps spans whole while they are judged; a violation shows the attributes that its
// rule reads and those that redaction allows, and hides the values of those that it denies.
#pragma once

#include "betrace/engine/redaction.h"
#include "betrace/engine/rule_set.h"
#include "betrace/model/kept_span.h"

namespace betrace::engine {

/// Events and links are not copied.
[[nodiscard]] model::KeptSpan copy_witness(const ActiveRule& rule, const model::SpanView& span,
                                           const Redaction& redaction);

}  // namespace betrace::engine
