// Violations as JSON shows them: in lists and events, alone, and as the result of a rule test.
//
// Used by api/ and by the webhook. Source: docs/guide/api.md, "Rules" and "Violations".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/base/json.h"
#include "betrace/model/violation.h"

namespace betrace::model {

/// Returns the object of the list.
[[nodiscard]] OrderedJson violation_json(const Violation& violation, const ViolationPlace& place);

/// Returns what a record tells in events: `violation`, `final` or `withdrawn`. One that late spans
/// change, or bring back, has a new final form.
[[nodiscard]] std::string_view event_name(const ViolationRecord& record) noexcept;

/// Returns the members that one violation has besides: witnesses, their count, the explanation.
[[nodiscard]] OrderedJson violation_proof_json(const Violation& violation);

/// Returns the object of POST /v1/rules/test.
[[nodiscard]] OrderedJson trial_violation_json(const Violation& violation);

/// Returns `template_text` with the trace id in place of `{trace_id}`.
[[nodiscard]] std::string trace_link(std::string_view template_text, const TraceId& trace);

}  // namespace betrace::model
