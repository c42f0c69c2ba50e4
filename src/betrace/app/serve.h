// `betrace serve`: a service from the configuration, until a signal ends it.
//
// Also what `betrace demo --serve` starts. Knows the settings by key and nothing of how they are
// read.
#pragma once

#include <iosfwd>

#include "betrace/app/config.h"
#include "betrace/app/config_reload.h"
#include "betrace/app/service.h"
#include "betrace/app/stop_signal.h"

namespace betrace::app {

/// Returns the settings as a service takes them. Error InvalidArgument naming the key: a file that
/// it names cannot be read.
[[nodiscard]] Result<ServiceOptions> service_options(const Config& config);

/// The keys of the HMACs of records.
[[nodiscard]] evidence::RecordKeys record_keys(const Config& config);

/// Returns the logger that the settings ask for.
[[nodiscard]] telemetry::LogOptions log_options(const Config& config);

/// 2 for a wrong setting, 75 for a state directory in use, 78 for a newer format, else 1.
[[nodiscard]] int exit_code_of(const Error& error) noexcept;

/// Serves until SIGTERM or SIGINT. Returns the exit code; what went wrong is on `err`. `read` gives
/// the settings as they are at SIGHUP. `discards_spans`: as in ServiceOptions.
[[nodiscard]] int run_serve(const Config& config, const ConfigReload::Read& read,
                            bool discards_spans, StopSignal& stop, std::ostream& err);

}  // namespace betrace::app
