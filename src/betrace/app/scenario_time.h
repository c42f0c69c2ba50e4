// Times on the time line of a rule test, as people write them.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace betrace::app {

/// Reads `250ms`, `1m30s`, `1.5s` or `0`; units ns, us, ms, s, m, h. Nothing if it is anything else
/// or longer than a year.
[[nodiscard]] std::optional<std::chrono::nanoseconds> parse_scenario_time(std::string_view text);

/// Returns the shortest form with whole numbers: `36s`, `1m30s`, `5s999ms`, `0s`.
[[nodiscard]] std::string format_scenario_time(std::chrono::nanoseconds time);

}  // namespace betrace::app
