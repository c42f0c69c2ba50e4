// What was seen in a stretch of time, how completely, and under which rules.
//
// The payload of a `coverage` record without its head; `account/` makes one a minute, reports add
// them up. Counts are exact: those of all records of a process add up to its metrics. Format:
// docs/internals/violation_log.md.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "betrace/base/json.h"
#include "betrace/base/result.h"
#include "betrace/base/time.h"

namespace betrace::evidence {

/// Counts by a name; names that count nothing are absent.
using Counts = std::map<std::string, std::uint64_t, std::less<>>;

[[nodiscard]] std::uint64_t sum(const Counts& counts) noexcept;

struct Coverage {
  UnixNanos from = 0;
  UnixNanos to = 0;

  std::uint64_t spans_received = 0;
  std::uint64_t spans_ingested = 0;
  Counts spans_rejected;    ///< By reason: permanently invalid.
  Counts spans_dropped;     ///< By reason: valid, and they changed nothing.
  Counts spans_late;        ///< By outcome; a part of those ingested.
  Counts requests_refused;  ///< By limit: whole requests, whose spans nobody counted.

  /// Closed traces by close reason, then by grade.
  std::map<std::string, Counts, std::less<>> traces_closed;
  std::uint64_t traces_open = 0;  ///< At the end.

  /// One per rule and closed trace, or per span for a rule of span scope.
  std::uint64_t evaluations_due = 0;
  std::uint64_t evaluations_not_made = 0;  ///< Of those due: the blind ratio as two integers.
  std::uint64_t evaluations_skipped = 0;   ///< Not due: `require_complete`.

  std::uint64_t violations_recorded = 0;
  std::uint64_t violations_suppressed = 0;
  std::uint64_t violations_withdrawn = 0;

  std::uint64_t late_window_ms = 0;  ///< How long closed traces are really kept.
  std::uint64_t rules_active = 0;    ///< At the end.
  std::string ruleset;               ///< Hash of the active rules at the end, 64 hex.

  [[nodiscard]] std::uint64_t traces_closed_count() const noexcept;
  [[nodiscard]] std::uint64_t traces_closed_count(std::string_view grade) const noexcept;

  /// Adds what came after it: counts are added, the state at the end is that of `next`.
  void add(const Coverage& next);
};

/// What came between two totals that began together. A count that is less than it was began anew.
/// The state at the end is that of `now`; its times too.
[[nodiscard]] Coverage difference(const Coverage& now, const Coverage& before);

/// The members of the record besides its head.
[[nodiscard]] Json coverage_members(const Coverage& coverage);

/// Reads what coverage_members() wrote, among other members. Error Corrupt: it is not there.
[[nodiscard]] Result<Coverage> coverage_of(const Json& object);

/// Reads a payload. Error Corrupt: it is none of this type.
[[nodiscard]] Result<Coverage> read_coverage(std::string_view payload);

}  // namespace betrace::evidence
