// What a shard counts. Plain numbers that only grow, except where a comment says "now".
//
// engine/engine.cc publishes them as metrics; tests and the rule statistics of the API read them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "betrace/base/time.h"
#include "betrace/model/verdict.h"

namespace betrace::engine {

inline constexpr std::size_t kCloseReasonCount = 6;
inline constexpr std::size_t kCompletenessCount = 6;

/// How many evaluations were due, and how many of these gave no verdict.
struct Blindness {
  std::uint64_t due = 0;
  std::uint64_t not_made = 0;

  Blindness& operator+=(const Blindness& other) noexcept {
    due += other.due;
    not_made += other.not_made;
    return *this;
  }
  /// Not made / due; 0 if none was due.
  [[nodiscard]] double ratio() const noexcept {
    return due == 0 ? 0 : static_cast<double>(not_made) / static_cast<double>(due);
  }
};

/// Evaluations of one rule: one per closed trace, or per span for a rule of span scope.
/// due = violation + pass + error + not_made; skipped is not due.
struct RuleStatistics {
  std::uint64_t violation = 0;
  std::uint64_t pass = 0;
  std::uint64_t error = 0;     ///< The step budget was spent.
  std::uint64_t skipped = 0;   ///< `require_complete` on a trace that is not.
  std::uint64_t not_made = 0;  ///< Reopened trace, dropped span, or quarantined rule.

  std::uint64_t decided = 0;     ///< Violations, each id once: recorded + suppressed.
  std::uint64_t recorded = 0;    ///< Handed to the sink as a first record.
  std::uint64_t suppressed = 0;  ///< Held back by the noise bound.
  std::uint64_t withdrawn = 0;
  UnixNanos last_violation = 0;  ///< Zero if there was none.

  std::uint32_t errors_in_a_row = 0;  ///< Now; at 100 the rule is quarantined.
  bool is_quarantined = false;        ///< Now; until its next version.
  Blindness recent;                   ///< Over the last 300 s.

  [[nodiscard]] std::uint64_t due() const noexcept { return violation + pass + error + not_made; }
  /// Since the start.
  [[nodiscard]] Blindness blindness() const noexcept { return {due(), error + not_made}; }

  /// Adds what another shard counted of the same rule.
  void add(const RuleStatistics& other) noexcept;
};

/// Everything that one shard counts, or several together.
struct ShardStatistics {
  std::map<std::string_view, std::uint64_t> spans_ingested;  ///< By protocol.
  std::uint64_t spans_duplicate = 0;
  std::uint64_t spans_conflicting = 0;  ///< Of the duplicates: other content under the same id.
  std::uint64_t spans_own = 0;
  std::uint64_t spans_trace_limit = 0;
  std::uint64_t spans_memory = 0;
  std::uint64_t spans_shutdown = 0;  ///< Left in the queue by a drain that ran out of time.
  std::uint64_t spans_late_redecided = 0;
  std::uint64_t spans_late_reopened = 0;

  std::uint64_t traces_open = 0;         ///< Now.
  std::uint64_t traces_kept_closed = 0;  ///< Now.
  std::uint64_t traces_bytes = 0;        ///< Now: open, closed and the filter, as allocated.
  /// Closed traces by reason and grade; index = number of the enumerator - 1.
  std::array<std::array<std::uint64_t, kCompletenessCount>, kCloseReasonCount> traces_closed{};
  double late_window_seconds = 0;  ///< How long the last evicted trace was kept closed.
  double closing_lag_seconds = 0;  ///< How late the last trace was closed.

  std::map<std::string, RuleStatistics, std::less<>> rules;  ///< By rule id.
  /// Of rules that are gone, together: what their counters stood at last.
  RuleStatistics rules_forgotten;

  [[nodiscard]] std::uint64_t ingested() const noexcept;
  [[nodiscard]] std::uint64_t dropped() const noexcept {
    return spans_duplicate + spans_own + spans_trace_limit + spans_memory + spans_shutdown;
  }
  [[nodiscard]] std::uint64_t closed() const noexcept;
  [[nodiscard]] std::uint64_t closed(model::CloseReason reason) const noexcept;
  [[nodiscard]] std::uint64_t closed(model::Completeness grade) const noexcept;
  /// Of all rules together: since the start, and over the last 300 s.
  [[nodiscard]] Blindness blindness() const noexcept;
  [[nodiscard]] Blindness recent_blindness() const noexcept;

  /// Adds what another shard counted. Of lag and window the worse is taken.
  void add(const ShardStatistics& other);
};

}  // namespace betrace::engine
