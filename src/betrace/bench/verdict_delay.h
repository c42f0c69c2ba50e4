// How long after the deciding moment a violation could be seen.
//
// The times begin when the request with the deciding span began to be sent, by the clock of the
// load generator, so they are upper bounds. They end when the verdict was given, as the violation
// says itself (the server is on the same machine), or when an answer of the API showed the
// violation. Pure functions. Used by repeat.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "betrace/bench/load.h"
#include "betrace/bench/verdict_watch.h"

namespace betrace::bench {

/// Milliseconds, ascending.
struct VerdictDelays {
  std::vector<double> after_span;   ///< Until seen; rules of span scope: since the span that breaks
                                    ///< the rule.
  std::vector<double> after_close;  ///< Until seen; rules that ask for structure: since the trace
                                    ///< was due to close, `quiet` after its last span.
  std::vector<double> verdict_after_close;  ///< Of these, until the verdict was given.
};

/// The delays of the broken traces that were sent whole at `from` or later. Violations that are not
/// expected are left out: the oracle names them. Requires: load.finish() succeeded.
[[nodiscard]] VerdictDelays verdict_delays(const Traffic& traffic, const Load& load,
                                           const IdKeys& first, MonotonicTime from,
                                           std::chrono::milliseconds quiet,
                                           std::span<const VerdictSeen> seen);

}  // namespace betrace::bench
