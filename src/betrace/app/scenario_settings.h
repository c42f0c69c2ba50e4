// Reads the `settings` of a rule test: when traces close, and the limits of a shard.
#pragma once

#include <string>

#include "betrace/app/scenario_members.h"
#include "betrace/engine/shard.h"

namespace betrace::app {

/// Changes `options` by the members of `settings`: `quiet` `idle` `age_max` `late` `trace_spans`
/// `trace_bytes` `traces_bytes` `rule_steps` `rule_rate` `total_rate`. Errors are left with
/// `owner`.
void read_settings(const Json& settings, const std::string& place, ScenarioMembers* owner,
                   engine::ShardOptions* options);

}  // namespace betrace::app
