// `betrace eval`: judges rules on traces, one JSON line in, one JSON line out.
//
// For tools and for conformance data; people use `betrace test`. Each line stands alone, and none
// stops the run.
#pragma once

#include <cstddef>
#include <iosfwd>

namespace betrace::app {

/// Longest line that is read; of a longer one an error is said.
inline constexpr std::size_t kEvalLineBytesMax = 64 * 1024 * 1024;

/// Reads `{"name","expr","spans":[...]}` lines until the end; `spans`, the flat JSON spans of one
/// complete trace in order of arrival, may be absent. Writes for each
/// `{"name","valid","error":{"code","line","column","message","hint"},"warnings","scope",
/// "monotone","matched","witness_span_ids"}`: without `error` if the rule is valid,
/// without what comes after
/// `warnings` if it is not. `matched` is null, with `"evaluation_error":"budget"`, if the step
/// budget was spent. A line that cannot be read has the error code E_INPUT. Returns 0.
int run_eval(std::istream& in, std::ostream& out);

}  // namespace betrace::app
