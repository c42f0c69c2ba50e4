// Violations as the REST API shows them: in lists, alone, and as the result of a rule test.
//
// Source: docs/guide/api.md, "Rules" and "Violations".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/api/error_body.h"
#include "betrace/model/violation.h"

namespace betrace::api {

/// Where a violation stands in the log, and who signed it.
struct ViolationPlace {
  std::uint64_t sequence = 0;  ///< Of the first record.
  UnixNanos created_at = 0;    ///< Of the first record.
  std::string signature;       ///< `v1:<key id>:<64 hex>`; empty while signing is off.
  std::string key_id;          ///< Empty while signing is off.
};

/// Returns the object of the list.
[[nodiscard]] OrderedJson violation_json(const model::Violation& violation,
                                         const ViolationPlace& place);

/// Returns the members that one violation has besides: witnesses, their count, the explanation.
[[nodiscard]] OrderedJson violation_proof_json(const model::Violation& violation);

/// Returns the object of POST /v1/rules/test.
[[nodiscard]] OrderedJson trial_violation_json(const model::Violation& violation);

/// Returns `template_text` with the trace id in place of `{trace_id}`.
[[nodiscard]] std::string trace_link(std::string_view template_text, const model::TraceId& trace);

}  // namespace betrace::api
