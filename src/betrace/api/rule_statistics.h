// The numbers of one rule, as GET /v1/rules/{id} shows them.
//
// Source: docs/guide/api.md, "Rules".
#pragma once

#include <string_view>

#include "betrace/api/error_body.h"
#include "betrace/api/services.h"

namespace betrace::api {

/// Returns the member `statistics`. Counters begin with the process; zeros for a rule that has not
/// judged anything.
[[nodiscard]] OrderedJson rule_statistics_json(const ApiServices& services,
                                               const engine::ShardStatistics& numbers,
                                               std::string_view rule_id, UnixNanos since);

/// True if the engine no longer evaluates the rule.
[[nodiscard]] bool is_quarantined(const engine::ShardStatistics& numbers, std::string_view rule_id);

}  // namespace betrace::api
