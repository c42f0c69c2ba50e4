// One evaluation of one rule on one trace: its budget, and what it remembers.
//
// Remembering keeps the plain loops of the evaluator from doing the same work for every span: a
// clause that does not mention the span outside its parentheses is decided once for the trace.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "betrace/rules/bindings.h"
#include "betrace/rules/condition.h"
#include "betrace/rules/linked_trace.h"
#include "betrace/rules/runtime_value.h"
#include "betrace/rules/step_budget.h"
#include "betrace/rules/trace_fields.h"
#include "betrace/rules/variables.h"

namespace betrace::rules {

enum class Truth : std::uint8_t { Unknown, False, True };

/// Truths by small numbers, unknown until set. Grows as needed.
class TruthTable {
 public:
  [[nodiscard]] Truth get(std::uint32_t key) const noexcept {
    return key < truths_.size() ? truths_[key] : Truth::Unknown;
  }
  void set(std::uint32_t key, bool truth) {
    if (key >= truths_.size()) truths_.resize(key + 1, Truth::Unknown);
    truths_[key] = truth ? Truth::True : Truth::False;
  }

 private:
  std::vector<Truth> truths_;
};

/// What is known of one existence clause, structure method, aggregate or grouped comparison.
struct ClauseMemo {
  Variables outside;               ///< What the clause reads from around it.
  bool body_reads_anchor = false;  ///< Its condition mentions `anchor`.
  /// The parts that must all hold for a candidate: those that read nothing but the candidate, and
  /// the others.
  std::vector<const Condition*> alone;
  std::vector<const Condition*> together;

  TruthTable alone_truths;             ///< By candidate.
  std::vector<std::uint32_t> passing;  ///< Candidates below `scanned` for which `alone` holds.
  std::uint32_t scanned = 0;

  TruthTable truths;                                       ///< The clause, by RuleRun::key_of().
  std::unordered_map<std::uint32_t, RuntimeValue> values;  ///< The aggregate, likewise.
};

/// Owned by one evaluation; not thread-safe.
class RuleRun {
 public:
  /// `trace` must outlive this; null for a span-scope rule on a span that is judged alone.
  RuleRun(const LinkedTrace* trace, std::uint64_t steps_max)
      : trace_(trace), budget_(steps_max), fields_(trace) {}
  /// For a condition that reads totals of the trace only. `totals` must outlive this.
  RuleRun(const TraceTotals& totals, std::uint64_t steps_max)
      : trace_(nullptr), budget_(steps_max), fields_(totals) {}

  [[nodiscard]] const LinkedTrace* trace() const noexcept { return trace_; }
  [[nodiscard]] std::uint32_t span_count() const noexcept {
    return trace_ == nullptr ? 0 : static_cast<std::uint32_t>(trace_->size());
  }
  [[nodiscard]] BoundSpan bound(std::uint32_t index) const noexcept {
    return {&trace_->span(index), index};
  }
  [[nodiscard]] StepBudget& budget() noexcept { return budget_; }
  [[nodiscard]] const StepBudget& budget() const noexcept { return budget_; }
  [[nodiscard]] TraceFields& fields() noexcept { return fields_; }
  /// Gives the finding of witnesses a budget of its own: it repeats work that was paid for.
  void renew_budget(std::uint64_t steps_max) noexcept { budget_ = StepBudget(steps_max); }

  /// The memo of an existence clause.
  [[nodiscard]] ClauseMemo& memo_of_exists(const Condition& clause);
  [[nodiscard]] ClauseMemo& memo_of_aggregate(const Value& aggregate_value);
  /// The memo of a structure method, whose outer span is the one before the dot.
  [[nodiscard]] ClauseMemo& memo_of_structure(const Condition& method);
  /// The memo of a grouped comparison, for its truth only.
  [[nodiscard]] ClauseMemo& memo_of_comparison(const Condition& comparison);

  /// Where the result of a clause is remembered: it depends on the outer span at most. Nothing if
  /// it also depends on an event, a link or an anchor.
  [[nodiscard]] static std::optional<std::uint32_t> key_of(const ClauseMemo& memo,
                                                           const BoundSpan& outer) noexcept;

 private:
  [[nodiscard]] ClauseMemo& memo_of(const void* clause, const Variables& outside,
                                    const Condition* body);

  const LinkedTrace* trace_;
  StepBudget budget_;
  TraceFields fields_;
  std::unordered_map<const void*, ClauseMemo> memos_;
};

/// The span that a reference names; absent if a step leads nowhere.
[[nodiscard]] BoundSpan resolve(const SpanRef& reference, const Bindings& bindings,
                                const RuleRun& run);

}  // namespace betrace::rules
