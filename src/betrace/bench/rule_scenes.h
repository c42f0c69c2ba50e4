// The table of rule kinds behind bench_rules.h: text, and the two scenes of each kind.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "betrace/bench/bench_rules.h"
#include "betrace/bench/draft_trace.h"

namespace betrace::bench {

/// The words of one rule.
struct RuleWords {
  std::string tag;   ///< `c7`: part of the names and values that only this rule asks for.
  std::string key;   ///< The attribute that it reads.
  std::string gate;  ///< A condition on ordinary spans that it asks for besides, or empty.
};

/// One kind of rule.
struct RuleKind {
  RuleFamily family;
  std::size_t spans_min;  ///< Spans that a trace needs for its scenes.
  std::string (*expression)(const RuleWords& words);
  void (*play)(const RuleWords& words, bool is_broken, DraftTrace& trace);
};

/// All kinds of a family.
[[nodiscard]] std::span<const RuleKind> rule_kinds(RuleFamily family) noexcept;

}  // namespace betrace::bench
