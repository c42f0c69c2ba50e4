// An evidence report as one page of HTML that needs nothing else, for people and for print.
#pragma once

#include <string>

#include "betrace/account/evidence_report.h"

namespace betrace::account {

/// No script, no link to anything outside; all texts of others are escaped.
[[nodiscard]] std::string report_html(const EvidenceReport& report);

}  // namespace betrace::account
