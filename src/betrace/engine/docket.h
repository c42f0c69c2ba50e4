// What the engine remembers of one trace besides its spans: which rules judge it, and what was
// already said about it.
//
// engine/shard.cc keeps one beside each trace of the table; engine/verdicts.cc reads and writes it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "betrace/engine/rule_ledger.h"
#include "betrace/engine/violation_builder.h"
#include "betrace/model/ids.h"

namespace betrace::engine {

/// What became of a violation of one rule of trace or mixed scope.
struct DocketEntry {
  enum class State : std::uint8_t {
    Recorded,
    Suppressed,  ///< Held back by the noise bound: nothing more is ever said about it.
    Withdrawn,
    GivenUp,  ///< No violation: its step budget was spent on the open trace. The closing decides.
  };

  std::uint32_t rule = 0;
  State state = State::Recorded;
  bool early = false;  ///< As in its first record.
  bool late = false;
  NamedAnchor anchor = {};
  std::uint64_t digest = 0;  ///< content_digest() of its last record.
};

/// Shard-owned.
struct Docket {
  /// What is still to be done for a trace after the batch at hand.
  enum class Pending : std::uint8_t { Nothing, Early, Late };

  Seat bench;
  std::vector<DocketEntry> entries;  ///< By rule.
  Pending pending = Pending::Nothing;
  std::uint16_t sender = 0;  ///< Of the last span, by number in SenderNames.

  [[nodiscard]] const RuleSet& rules() const noexcept { return *bench->rules; }

  [[nodiscard]] DocketEntry* find(std::uint32_t rule) noexcept {
    const auto at = position(rule);
    return at != entries.end() && at->rule == rule ? &*at : nullptr;
  }

  [[nodiscard]] bool has(std::uint32_t rule) const noexcept {
    return std::any_of(entries.begin(), entries.end(),
                       [rule](const DocketEntry& entry) { return entry.rule == rule; });
  }

  /// Adds or replaces the entry of its rule.
  DocketEntry& put(const DocketEntry& entry) {
    DocketEntry* known = find(entry.rule);
    if (known != nullptr) return *known = entry;
    return *entries.insert(position(entry.rule), entry);
  }

 private:
  [[nodiscard]] std::vector<DocketEntry>::iterator position(std::uint32_t rule) noexcept {
    return std::lower_bound(
        entries.begin(), entries.end(), rule,
        [](const DocketEntry& entry, std::uint32_t wanted) { return entry.rule < wanted; });
  }
};

}  // namespace betrace::engine
