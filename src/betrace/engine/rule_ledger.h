// Counts what became of the rules: per rule, over all epochs in which it is in use.
//
// engine/verdicts.cc writes it, ShardStatistics shows it. Also remembers which rules are
// quarantined. Violations and errors are counted one by one; everything else follows from how many
// spans and traces were judged, so that counting costs nothing per span and rule.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "betrace/engine/rule_set.h"
#include "betrace/engine/statistics.h"

namespace betrace::engine {

/// A rule is no longer evaluated after this many spent step budgets in a row.
inline constexpr std::uint32_t kErrorsInARowMax = 100;

/// A trace that closed, as far as rules are due on it.
struct ClosedTrace {
  bool is_complete = false;  ///< Graded `complete`.
  bool is_reopened = false;
};

/// What was judged by the rules of one epoch since it was last added to their statistics.
struct Tally {
  std::uint64_t seats = 0;  // that refer to the bench now
  std::uint64_t spans = 0;
  std::uint64_t spans_dropped = 0;
  std::array<std::array<std::uint64_t, 2>, 2> traces{};  // [is_complete][is_reopened]
  std::vector<std::uint64_t> told;       // by rule: evaluations that were counted one by one
  std::vector<std::uint64_t> held_back;  // by rule: not yet reported as suppressed
  std::vector<bool> is_heard;            // by rule
};

/// The rules of one epoch, each with the place where it is counted. Traces share it; it and the
/// counters belong to the ledger.
struct Bench {
  std::shared_ptr<const RuleSet> rules;
  std::vector<RuleStatistics*> statistics;  ///< Beside rules->rules().
  std::unique_ptr<Tally> tally;

  /// Whether the version of a rule still judges: not if the rule was disabled or deleted since.
  [[nodiscard]] bool is_heard(std::uint32_t rule) const noexcept { return tally->is_heard[rule]; }
};

/// Keeps the bench of a trace in use. As a shared pointer, but counted without atomics: a bench and
/// all its seats belong to one shard. Movable.
class Seat {
 public:
  Seat() = default;
  explicit Seat(const Bench* bench) noexcept : bench_(bench) { ++bench_->tally->seats; }
  ~Seat() {
    if (bench_ != nullptr) --bench_->tally->seats;
  }
  Seat(Seat&& other) noexcept : bench_(std::exchange(other.bench_, nullptr)) {}
  Seat& operator=(Seat&& other) noexcept {
    std::swap(bench_, other.bench_);
    return *this;
  }

  /// Requires: it is not empty.
  [[nodiscard]] const Bench& operator*() const noexcept { return *bench_; }
  [[nodiscard]] const Bench* operator->() const noexcept { return bench_; }

 private:
  const Bench* bench_ = nullptr;
};

/// Shard-owned.
class RuleLedger {
 public:
  using Statistics = std::map<std::string, RuleStatistics, std::less<>>;

  /// Returns a seat on the bench of a RuleSet. A rule that is new in it gets zeros. Cost: linear in
  /// the benches in use, of which there is one unless rules change.
  [[nodiscard]] Seat seat(const std::shared_ptr<const RuleSet>& rules);

  /// Lets `current` say which rules are heard, ends the quarantine of rules that it has in a new
  /// revision, and forgets those that no bench in use names. Requires: epochs do not go back.
  void hear(const std::shared_ptr<const RuleSet>& current);

  /// The epoch of the rules that were heard last. Requires: some were.
  [[nodiscard]] std::uint64_t heard_epoch() const noexcept { return (*current_)->rules->epoch(); }

  /// A span was judged by the rules of span scope, or dropped before they could.
  void count_span(const Bench& bench) { ++bench.tally->spans; }
  void count_dropped(const Bench& bench) { ++bench.tally->spans_dropped; }
  /// A trace closed: the rules of trace and mixed scope were due on it.
  void count_closed(const Bench& bench, const ClosedTrace& trace) {
    ++bench.tally->traces[trace.is_complete ? 1 : 0][trace.is_reopened ? 1 : 0];
  }

  /// Of the rules that were due on a span or trace that was counted: one was violated.
  void count_violated(const Bench& bench, std::uint32_t rule);
  /// An evaluation came to an end within its step budget.
  void note_evaluated(const Bench& bench, std::uint32_t rule) noexcept {
    bench.statistics[rule]->errors_in_a_row = 0;
  }
  /// An evaluation spent its step budget; `is_due`: on a trace that was counted, and not once more
  /// after late spans. True if the rule is quarantined by it.
  bool count_error(const Bench& bench, std::uint32_t rule, bool is_due);

  /// Up to date. Cost: linear in the rules of all benches in use.
  [[nodiscard]] const Statistics& statistics();
  /// The sum of what was counted of rules that statistics() no longer names, as it named them last.
  [[nodiscard]] const RuleStatistics& forgotten() const noexcept { return forgotten_; }

 private:
  void settle_all();
  static void settle(const Bench& bench);
  void set_heard(const Bench& bench) const;
  void forget_unused();

  Statistics statistics_;
  RuleStatistics forgotten_;
  std::map<std::string, std::uint64_t, std::less<>> revisions_;  // newest one heard
  std::vector<std::unique_ptr<const Bench>> benches_;            // newest first; they have seats
  std::optional<Seat> current_;
};

}  // namespace betrace::engine
