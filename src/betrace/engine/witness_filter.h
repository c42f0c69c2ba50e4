// Copies a span for a violation with nothing but what the rule reads and what is allowed besides.
//
// Privacy is decided here, before a span leaves the trace: events, links and foreign attributes are
// not copied. Keys that redaction denies are hidden later, by the writer of records.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "betrace/engine/rule_set.h"
#include "betrace/model/kept_span.h"

namespace betrace::engine {

/// Immutable.
class WitnessFilter {
 public:
  /// Keys that every witness keeps; `*` at the end stands for any ending.
  explicit WitnessFilter(std::vector<std::string> allowed_keys);

  [[nodiscard]] model::KeptSpan copy(const ActiveRule& rule, const model::SpanView& span) const;

 private:
  [[nodiscard]] bool is_allowed(std::string_view key) const noexcept;
  [[nodiscard]] std::vector<model::AttributeView> filter(const ActiveRule& rule,
                                                         model::AttributesView attributes) const;

  std::vector<std::string> keys_;
  std::vector<std::string> prefixes_;
};

}  // namespace betrace::engine
