// The fields of a trace. Source: docs/guide/rule-reference.md, 2.2.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "betrace/rules/condition.h"
#include "betrace/rules/linked_trace.h"
#include "betrace/rules/runtime_value.h"

namespace betrace::rules {

/// Reads fields of one trace, each pass over the spans once. Owned by one evaluation.
class TraceFields {
 public:
  /// `trace` must outlive this. It may be null where no trace is known; then every field is nil.
  explicit TraceFields(const LinkedTrace* trace) noexcept
      : trace_(trace), totals_(trace == nullptr ? nullptr : &trace->totals()) {}
  /// Of a trace whose spans are not at hand: its services read as none. `totals` must outlive this.
  explicit TraceFields(const TraceTotals& totals) noexcept : totals_(&totals) {}

  /// Of a trace without spans, id and start are nil and everything else is 0 or empty. The value is
  /// a view of this object.
  [[nodiscard]] RuntimeValue read(TraceField field);

 private:
  [[nodiscard]] const std::vector<std::string_view>& services();

  const LinkedTrace* trace_ = nullptr;
  const TraceTotals* totals_ = nullptr;
  std::optional<std::vector<std::string_view>> services_;
};

}  // namespace betrace::rules
