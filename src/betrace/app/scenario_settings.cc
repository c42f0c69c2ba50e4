#include "betrace/app/scenario_settings.h"

#include <algorithm>
#include <charconv>

#include "betrace/traces/closure.h"

namespace betrace::app {
namespace {

void set_time(ScenarioMembers* members, std::string_view name, std::chrono::milliseconds* to) {
  const auto time = members->time(name);
  if (!time.has_value()) return;
  *to = std::chrono::duration_cast<std::chrono::milliseconds>(*time);
  if (*to != *time) members->fail(name, "is not in whole milliseconds");
}

void set_rate(ScenarioMembers* members, std::string_view name, engine::NoiseLimits* noise,
              engine::NoiseRate* to) {
  const auto text = members->text(name);
  if (!text.has_value()) return;
  const std::size_t slash = text->find('/');
  const char* const end = text->data() + text->size();
  const char* const middle = text->data() + std::min(slash, text->size());
  const bool is_valid =
      slash != std::string::npos &&
      std::from_chars(text->data(), middle, to->refill_per_second).ptr == middle &&
      std::from_chars(middle + 1, end, to->bucket).ptr == end;
  if (!is_valid) members->fail(name, "is not a rate such as 100/5000");
  noise->enabled = true;
}

}  // namespace

void read_settings(const Json& settings, const std::string& place, ScenarioMembers* owner,
                   engine::ShardOptions* options) {
  ScenarioMembers members(settings, place + ": settings");
  traces::ClosureLimits& closure = options->table.closure;
  set_time(&members, "quiet", &closure.quiet);
  set_time(&members, "idle", &closure.idle_max);
  set_time(&members, "age_max", &closure.age_max);
  set_time(&members, "late", &options->table.late_max);
  closure.spans_max = members.count("trace_spans").value_or(closure.spans_max);
  closure.bytes_max = members.count("trace_bytes").value_or(closure.bytes_max);
  options->table.bytes_max = members.count("traces_bytes").value_or(options->table.bytes_max);
  options->rule_steps_max = members.count("rule_steps").value_or(options->rule_steps_max);
  set_rate(&members, "rule_rate", &options->noise, &options->noise.per_rule);
  set_rate(&members, "total_rate", &options->noise, &options->noise.total);
  const auto valid = traces::validate(closure);
  if (!valid.has_value()) members.fail(valid.error());
  if (auto done = members.finish(); !done.has_value()) owner->fail(done.error());
}

}  // namespace betrace::app
