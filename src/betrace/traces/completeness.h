// How complete a closed trace is, worst first: the grade on its violations.
//
// Pure. Source: docs/internals/traces.md.
#pragma once

#include "betrace/model/verdict.h"

namespace betrace::traces {

using model::CloseReason;
using model::Completeness;

/// What a grade depends on besides the reason of closing.
struct GradeFacts {
  bool is_reopened = false;  ///< It had closed and been evicted before.
  bool is_cut = false;       ///< A span lost parts, or was kept out, by a limit.
  bool has_root = false;
  bool misses_parent = false;
};

/// Returns the first grade that holds, in the order Reopened, Shed, Truncated, NoRoot, Orphans,
/// Complete.
[[nodiscard]] Completeness grade_of(const GradeFacts& facts, CloseReason reason) noexcept;

}  // namespace betrace::traces
