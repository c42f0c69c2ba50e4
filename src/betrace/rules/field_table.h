// The built-in fields as tables: name, meaning, type.
//
// Used by the checker to resolve names and by reads.cc to write them. How a field is read from a
// span is the evaluator's business. Source: docs/guide/rule-reference.md, 2.1, 2.2, 4.4.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "betrace/rules/condition.h"

namespace betrace::rules {

/// What is known of a value before any trace is seen. Any field may be nil as well.
enum class ValueType : std::uint8_t {
  Any,
  Nil,
  Bool,
  Int,
  Double,
  Duration,
  String,
  SpanKind,
  SpanStatus,
  Id,
  List,
  Map,
};

struct SpanFieldRow {
  std::string_view name;
  SpanField field;
  ValueType type;
  /// Later spans of the trace can change it.
  bool unstable = false;
  bool alias = false;
};

struct TraceFieldRow {
  std::string_view name;
  TraceField field;
  ValueType type;
};

struct EventFieldRow {
  std::string_view name;
  EventField field;
  ValueType type;
};

struct LinkFieldRow {
  std::string_view name;
  LinkField field;
  ValueType type;
};

/// The row of that name, nullptr if there is none.
[[nodiscard]] const SpanFieldRow* find_span_field(std::string_view name) noexcept;
[[nodiscard]] const TraceFieldRow* find_trace_field(std::string_view name) noexcept;
[[nodiscard]] const EventFieldRow* find_event_field(std::string_view name) noexcept;
[[nodiscard]] const LinkFieldRow* find_link_field(std::string_view name) noexcept;
/// `name` or `version` of the scope, nullptr for anything else.
[[nodiscard]] const SpanFieldRow* find_scope_field(std::string_view name) noexcept;

/// The row of a field, by its proper name.
[[nodiscard]] const SpanFieldRow& row_of(SpanField field) noexcept;
[[nodiscard]] const TraceFieldRow& row_of(TraceField field) noexcept;
[[nodiscard]] const EventFieldRow& row_of(EventField field) noexcept;
[[nodiscard]] const LinkFieldRow& row_of(LinkField field) noexcept;

/// Words that may follow `span.`: fields, `attributes`, `resource`, ... For suggestions.
[[nodiscard]] std::vector<std::string_view> span_words();
/// Words that may follow `trace.`, sorted.
[[nodiscard]] std::vector<std::string_view> trace_words();

}  // namespace betrace::rules
