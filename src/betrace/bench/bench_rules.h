// The rules that the load is judged by, and for each one two scenes: broken, and nearly broken.
//
// In the usual mix, of five rules two are of span scope, two of trace scope and one asks for
// structure, order or a join. A scene edits one trace so that exactly this rule is violated, or so
// that it comes close and is kept; the generator knows by construction what must be found. Used by
// trace_maker.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/bench/draft_trace.h"

namespace betrace::bench {

/// Which attribute keys the rules read.
enum class Vocabulary : std::uint8_t {
  Spread,  ///< Keys that ordinary spans do not have, one for about eight rules.
  Own,     ///< Keys that every ordinary span has; trace rules also match many ordinary spans.
};

/// `spread` `own`
[[nodiscard]] std::string_view name_of(Vocabulary vocabulary) noexcept;
[[nodiscard]] std::optional<Vocabulary> parse_vocabulary(std::string_view name) noexcept;

/// How many of the rules ask for structure, order or a join.
enum class RuleMix : std::uint8_t {
  Plain,       ///< None: one half span scope, one half trace scope.
  Usual,       ///< One in five.
  Structured,  ///< Three in ten.
};

enum class RuleFamily : std::uint8_t { Span, Trace, Structure };

struct BenchRule {
  std::string id;
  std::string expression;
  RuleFamily family = RuleFamily::Span;
};

/// The rule of a storm.
inline constexpr std::string_view kStormRule = "bench-storm";

/// Immutable.
class BenchRules {
 public:
  BenchRules(std::size_t count, Vocabulary vocabulary, RuleMix mix = RuleMix::Usual);

  [[nodiscard]] const std::vector<BenchRule>& rules() const noexcept { return rules_; }

  /// The first rule from `index` on, around the end, that a trace of `span_count` spans can break;
  /// nothing if there is none.
  [[nodiscard]] std::optional<std::size_t> playable(std::size_t index,
                                                    std::size_t span_count) const noexcept;

  /// Edits `trace` so that it breaks the rule `index` and no other, or nearly breaks it.
  /// Requires: playable(index, its spans) == index.
  void play(std::size_t index, bool is_broken, DraftTrace& trace) const;

  /// The rules as a document for `rules.bootstrap_file`. A storm is one rule more, which every
  /// span breaks.
  [[nodiscard]] std::string document(bool has_storm = false) const;

 private:
  Vocabulary vocabulary_;
  RuleMix mix_;
  std::vector<BenchRule> rules_;
};

}  // namespace betrace::bench
