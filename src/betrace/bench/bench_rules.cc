#include "betrace/bench/bench_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <span>

#include "betrace/base/json.h"
#include "betrace/bench/rule_scenes.h"
#include "betrace/bench/span_shapes.h"

namespace betrace::bench {
namespace {

constexpr std::string_view kAlwaysBroken = "span.duration >= 0ms";
constexpr std::array kVocabularyNames = {"spread", "own"};
using enum RuleFamily;

// The families of the rules in turn.
constexpr RuleFamily kPlainTurn[] = {Span, Trace};
constexpr RuleFamily kUsualTurn[] = {Span, Trace, Span, Trace, Structure};
constexpr RuleFamily kStructuredTurn[] = {Span, Trace,     Structure, Span, Trace,
                                          Span, Structure, Trace,     Span, Structure};

std::span<const RuleFamily> turn_of(RuleMix mix) {
  switch (mix) {
    case RuleMix::Plain:
      return kPlainTurn;
    case RuleMix::Structured:
      return kStructuredTurn;
    case RuleMix::Usual:
      break;
  }
  return kUsualTurn;
}

constexpr std::size_t kRulesPerKey = 8;
constexpr std::size_t kKeysMin = 8;
constexpr std::string_view kOwnKey = "user.id";

// The gate of a rule of the own vocabulary: a quarter of its thresholds lie where ordinary spans
// do.
constexpr std::size_t kGateMillisMax = 400;
constexpr std::chrono::milliseconds kGateDuration{900};

std::size_t gate_millis(std::size_t index) { return 1 + index * 37 % kGateMillisMax; }

// How many rules of its family come before the rule `index`.
std::size_t number_in_family(std::size_t index, std::span<const RuleFamily> turn) {
  const RuleFamily family = turn[index % turn.size()];
  const auto before = turn.first(index % turn.size());
  return index / turn.size() * static_cast<std::size_t>(std::ranges::count(turn, family)) +
         static_cast<std::size_t>(std::ranges::count(before, family));
}

const RuleKind& kind_of(std::size_t index, RuleMix mix) {
  const std::span<const RuleFamily> turn = turn_of(mix);
  const auto kinds = rule_kinds(turn[index % turn.size()]);
  return kinds[number_in_family(index, turn) % kinds.size()];
}

RuleWords words_of(std::size_t index, std::size_t count, Vocabulary vocabulary) {
  RuleWords words;
  words.tag = fmt::format("c{}", index);
  if (vocabulary == Vocabulary::Spread) {
    words.key = fmt::format("app.key_{}", index % std::max(kKeysMin, count / kRulesPerKey));
    return words;
  }
  words.key = kOwnKey;
  words.gate =
      fmt::format("trace.has(span.attributes[\"http.route\"] == \"{}\" and span.duration > {}ms)",
                  route_text(index % kRouteCount), gate_millis(index));
  return words;
}

}  // namespace

std::string_view name_of(Vocabulary vocabulary) noexcept {
  return kVocabularyNames[static_cast<std::size_t>(vocabulary)];
}

std::optional<Vocabulary> parse_vocabulary(std::string_view name) noexcept {
  const auto found = std::ranges::find(kVocabularyNames, name);
  if (found == kVocabularyNames.end()) return std::nullopt;
  return static_cast<Vocabulary>(found - kVocabularyNames.begin());
}

BenchRules::BenchRules(std::size_t count, Vocabulary vocabulary, RuleMix mix)
    : vocabulary_(vocabulary), mix_(mix) {
  rules_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const RuleKind& kind = kind_of(i, mix);
    rules_.push_back({fmt::format("bench-{:05}", i),
                      kind.expression(words_of(i, count, vocabulary)), kind.family});
  }
}

std::optional<std::size_t> BenchRules::playable(std::size_t index,
                                                std::size_t span_count) const noexcept {
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    const std::size_t wanted = (index + i) % rules_.size();
    if (kind_of(wanted, mix_).spans_min <= span_count) return wanted;
  }
  return std::nullopt;
}

void BenchRules::play(std::size_t index, bool is_broken, DraftTrace& trace) const {
  const RuleKind& kind = kind_of(index, mix_);
  kind.play(words_of(index, rules_.size(), vocabulary_), is_broken, trace);
  if (vocabulary_ == Vocabulary::Own && kind.family != RuleFamily::Span) {
    trace.root().set("http.route", trace.keep_text(route_text(index % kRouteCount)));
    trace.root().set_duration(kGateDuration);
  }
}

std::string BenchRules::document(bool has_storm) const {
  Json rules = Json::array();
  for (const BenchRule& rule : rules_) {
    rules.push_back({{"id", rule.id}, {"name", rule.id}, {"expression", rule.expression}});
  }
  if (has_storm) {
    rules.push_back({{"id", kStormRule}, {"name", kStormRule}, {"expression", kAlwaysBroken}});
  }
  return dump_json({{"rules", std::move(rules)}});
}

}  // namespace betrace::bench
