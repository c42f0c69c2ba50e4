// Checks of settings that their type and bounds do not cover: one against another, secrets,
// addresses.
//
// Used by app/config alone, after every value has been read.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "betrace/app/config.h"

namespace betrace::app {

/// Reports a problem of a setting by key; the caller adds its name and source.
using ReportProblem = std::function<void(std::string_view key, std::string what)>;

/// Reports everything that cannot work together. Never quotes a secret.
void check_config(const Config& config, const ReportProblem& report);

}  // namespace betrace::app
