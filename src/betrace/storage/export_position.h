// How far the violations of a log have been exported, and what a sink did not take.
//
// The exporter decides it, ViolationLog keeps it beside the records, for each sink: row
// `<sink>/cursor` of the table `state`, and the table `parked` or row `<sink>/parked`. Outside the
// chain. Format: docs/internals/violation_log.md.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/base/time.h"

namespace betrace::storage {

/// Records that were set aside: they stay in the log and are sent later, or by hand.
struct ParkedRange {
  std::uint64_t first_sequence = 0;
  std::uint64_t last_sequence = 0;  ///< Inclusive.
  std::string reason;               ///< `export_refused`, `sink_error`, ...
  std::uint32_t tries = 0;          ///< Since it was parked.
  UnixNanos next_try = 0;           ///< 0: not by itself.

  friend bool operator==(const ParkedRange&, const ParkedRange&) = default;
};

struct ExportPosition {
  std::uint64_t cursor = 0;  ///< All up to here is delivered, parked, or no matter of export.
  std::vector<ParkedRange> parked;  ///< By first sequence, which is unique; may overlap otherwise.

  friend bool operator==(const ExportPosition&, const ExportPosition&) = default;
};

/// Names of sinks, as they are in the log and in metrics. Never change one.
inline constexpr std::string_view kExportSink = "export";  ///< The OTLP receiver.
inline constexpr std::string_view kWebhookSink = "webhook";
inline constexpr std::string_view kAlertmanagerSink = "alertmanager";
inline constexpr std::array kSinks = {kExportSink, kWebhookSink, kAlertmanagerSink};

/// By name of the sink; one that was never kept is missing.
using ExportPositions = std::map<std::string, ExportPosition, std::less<>>;

}  // namespace betrace::storage
