// Test support: a trace written as a few short lines, one for each span.
//
//   ID NAME [START..END] [parent ID] [kind WORD] [status WORD] [message "TEXT"] [{attributes}]
//   [resource {attributes}] [scope NAME VERSION] [event NAME TIME [{attributes}]]
//   [link TRACE SPAN [{attributes}]]
//
// Ids are numbers in hex, times nanoseconds (0..10 if none are given), attributes JSON; a NAME with
// spaces is quoted. Used by the readable evaluation cases and by unit tests.
#pragma once

#include <string_view>
#include <vector>

#include "betrace/base/json.h"
#include "betrace/base/result.h"
#include "betrace/model/kept_span.h"

namespace betrace::rules {

/// The span of one line in the form of the conformance data. Error InvalidArgument: the word that
/// is not understood.
[[nodiscard]] Result<Json> span_of_sketch(std::string_view line);

/// The spans of a whole sketch, empty lines skipped. Requires: every line is well-formed.
[[nodiscard]] std::vector<model::KeptSpan> spans_of_sketch(std::string_view lines);

}  // namespace betrace::rules
