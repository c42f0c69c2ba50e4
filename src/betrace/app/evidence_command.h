// `betrace evidence report`: what the log of a state directory proves of one control.
//
// Reads the log beside a running server, or without one; changes nothing.
#pragma once

#include <iosfwd>
#include <string>

#include "betrace/app/config.h"
#include "betrace/base/time.h"

namespace betrace::app {

struct EvidenceReportOptions {
  std::string control;  ///< `soc2:CC6.1`
  std::string from;     ///< RFC 3339, or a date: its first instant in UTC.
  std::string to;       ///< The same; exclusive. Empty: now.
  std::string format = "html";
  std::string output;  ///< File; empty: standard output.
};

/// Returns 0 if the report was written, 2 if an option is wrong, else 1; the reason is on `err`.
[[nodiscard]] int run_evidence_report(const Config& config, const EvidenceReportOptions& options,
                                      UnixNanos now, std::ostream& out, std::ostream& err);

}  // namespace betrace::app
