// Which spans explain that a condition is true or false. Source: docs/guide/rule-reference.md, 7.
//
// `why` of a true condition and `whynot` of a false one, as the reference names them. Which
// conditions are true is condition_truth's business.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "betrace/rules/aggregates.h"
#include "betrace/rules/bindings.h"
#include "betrace/rules/condition.h"
#include "betrace/rules/rule_run.h"

namespace betrace::rules {

/// Collects the cited spans of one evaluation; each span is cited once. Owned by one evaluation.
class WitnessCollector {
 public:
  /// `run` must outlive this; it needs a trace.
  explicit WitnessCollector(RuleRun* run) : run_(*run), is_cited_(run->span_count()) {}

  /// Cites what explains that `condition` holds. Requires: it does.
  void why(const Condition& condition, const Bindings& bindings);
  /// Cites what explains that `condition` does not hold. Requires: it does not.
  void whynot(const Condition& condition, const Bindings& bindings);

  void cite(const BoundSpan& span);
  /// In canonical order.
  [[nodiscard]] std::vector<std::uint32_t> cited() const;

 private:
  void why_test(const Condition& test, CompareOp op, const Bindings& bindings);
  void why_side(const Value& side, bool is_small, const Bindings& bindings);
  void why_counted(const Value& aggregate_value, const Bindings& bindings);
  void cite_counted(const Value& aggregate_value, std::span<const Sample> samples,
                    const Bindings& bindings);
  void why_grouped(const Condition& comparison, const Bindings& bindings);
  void why_exists(const Condition& condition, const Bindings& bindings);
  void why_structure(const Condition& condition, const Bindings& bindings);
  void why_event(const Condition& condition, const Bindings& bindings);
  void why_link(const Condition& condition, const Bindings& bindings);

  void cite_variables(const Variables& variables, const Bindings& bindings);
  void cite_fitting(const void* clause, const Condition* body, const ClauseMemo& memo,
                    const Bindings& inside);
  [[nodiscard]] bool is_first_time(const void* clause, const ClauseMemo& memo,
                                   const BoundSpan& outer);

  RuleRun& run_;
  std::vector<bool> is_cited_;
  // Clauses that were explained, by the outer span; and fitting spans, by clause, whose own reasons
  // do not depend on the outer span.
  std::unordered_map<const void*, TruthTable> explained_clauses_;
  std::unordered_map<const void*, TruthTable> explained_spans_;
};

}  // namespace betrace::rules
