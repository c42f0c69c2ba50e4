// The fields that a message template can read, as tables of name and accessor.
//
// engine/message_template.cc looks names up and calls the accessors. Values come out as text for
// people; an absent one as an empty optional. Source: docs/guide/rule-reference.md, 2.1 and 2.2.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "betrace/model/rule.h"
#include "betrace/model/span_view.h"
#include "betrace/rules/linked_trace.h"

namespace betrace::engine {

using FieldText = std::optional<std::string>;

/// A field of one span of a trace.
struct SpanFieldRow {
  std::string_view name;
  bool reads_trace;  ///< Depends on other spans.
  FieldText (*text)(const rules::LinkedTrace& trace, std::uint32_t span);
};

struct TraceFieldRow {
  std::string_view name;
  bool reads_spans;  ///< Depends on every single span, not on totals alone.
  FieldText (*text)(const rules::LinkedTrace& trace);
};

struct RuleFieldRow {
  std::string_view name;
  FieldText (*text)(const model::Rule& rule);
};

/// Each returns the row of `name`, or null.
[[nodiscard]] const SpanFieldRow* find_span_field(std::string_view name) noexcept;
[[nodiscard]] const TraceFieldRow* find_trace_field(std::string_view name) noexcept;
[[nodiscard]] const RuleFieldRow* find_rule_field(std::string_view name) noexcept;

/// Returns an attribute value as text: strings as they are, lists in brackets, maps in braces,
/// bytes as base64; nothing for nil.
[[nodiscard]] FieldText text_of(const model::ValueView& value);

/// Returns a duration as people write it: `250ms`, `1.5s`, `1m30s`, `2h5m`.
[[nodiscard]] std::string text_of_duration(std::uint64_t nanoseconds);

}  // namespace betrace::engine
