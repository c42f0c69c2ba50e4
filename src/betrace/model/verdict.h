// The words of a verdict: how a trace closed, how complete it was, what was decided.
#pragma once

#include <cstdint>
#include <string_view>

namespace betrace::model {

/// Why a trace was closed. Written to the violation log: append only, never renumber.
enum class CloseReason : std::uint8_t {
  SpanLimit = 1,  ///< The trace holds `limits.trace_spans` spans or `limits.trace_bytes` bytes.
  MaxAge = 2,     ///< `trace.age_max` has passed since the first span arrived.
  Complete = 3,   ///< Root seen, no missing parent, and nothing new for `trace.quiet`.
  Idle = 4,       ///< No span has arrived for `trace.idle`.
  Memory = 5,     ///< The memory for traces is spent and this one is idle for longest.
  Shutdown = 6,   ///< The process drains.
};

/// How complete a closed trace was, worst first. Written to the violation log: never renumber.
enum class Completeness : std::uint8_t {
  Reopened = 1,   ///< Closed and evicted before; what is judged is a remainder.
  Shed = 2,       ///< Closed by Memory or Shutdown, or a span was dropped for memory.
  Truncated = 3,  ///< Closed by SpanLimit, or a span lost parts to a limit.
  NoRoot = 4,     ///< No root span arrived.
  Orphans = 5,    ///< Some parent never arrived.
  Complete = 6,   ///< One connected tree with its root.
};

/// One rule on one trace.
enum class Verdict : std::uint8_t { Undecided, Satisfied, Violated, NotEvaluated };

enum class ViolationStatus : std::uint8_t { Confirmed = 1, Withdrawn = 2 };

/// Names as in JSON and metric labels: `span_limit`, `no_root`, `withdrawn`, ...
[[nodiscard]] std::string_view name_of(CloseReason reason) noexcept;
[[nodiscard]] std::string_view name_of(Completeness grade) noexcept;
[[nodiscard]] std::string_view name_of(ViolationStatus status) noexcept;

}  // namespace betrace::model
