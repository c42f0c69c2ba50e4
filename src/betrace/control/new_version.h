// The revision and times of a rule's next version.
//
// Pure; used by single changes and by imports. Source: docs/guide/api.md, "Rules".
#pragma once

#include "betrace/control/change.h"
#include "betrace/model/rule.h"

namespace betrace::control {

/// Fills in what is absent (0) or not to be kept: a time more than 5 minutes after `now`, a
/// revision so large that it could not grow.
[[nodiscard]] model::Rule first_version(model::Rule rule, UnixNanos now);

/// As first_version(), of a rule that replaces `stored`: its revision is at least one more, and
/// absent times are the stored creation and `now`.
[[nodiscard]] model::Rule replacing_version(model::Rule rule, const model::Rule& stored,
                                            UnixNanos now);

/// Returns the content of `edited` as the next version of `stored`, changed `now`.
[[nodiscard]] model::Rule next_version(model::Rule edited, const model::Rule& stored,
                                       UnixNanos now);

}  // namespace betrace::control
