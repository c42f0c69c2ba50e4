// The functions and methods as tables.
//
// Used by the checker to tell a call from a misspelt one. Source: docs/guide/rule-reference.md, 4.2
// to 4.5.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "betrace/rules/condition.h"
#include "betrace/rules/syntax.h"

namespace betrace::rules {

/// `trace.name(c)`, a condition about all spans.
enum class TraceFunction : std::uint8_t { Has, None, All };

struct TraceFunctionRow {
  std::string_view name;
  TraceFunction function;
};
struct AggregateRow {
  std::string_view name;
  AggregateKind kind;
  std::string_view arguments;  ///< For E_ARITY.
};
struct StructureRow {
  std::string_view name;
  StructureMethod method;
  bool takes_within = false;
};

/// A method of any value.
enum class ValueMethod : std::uint8_t { Test, Length, Lower, Upper };

struct ValueMethodRow {
  std::string_view name;
  ValueMethod method;
  ComparisonWord test = ComparisonWord::Contains;
};

[[nodiscard]] const TraceFunctionRow* find_trace_function(std::string_view name) noexcept;
[[nodiscard]] const AggregateRow* find_aggregate(std::string_view name) noexcept;
[[nodiscard]] const StructureRow* find_structure_method(std::string_view name) noexcept;
[[nodiscard]] const ValueMethodRow* find_value_method(std::string_view name) noexcept;

/// What to write for a function or method that does not exist; never empty.
[[nodiscard]] std::string suggest_function(std::string_view name);
[[nodiscard]] std::string suggest_trace_function(std::string_view name);
[[nodiscard]] std::string suggest_method(std::string_view name);

}  // namespace betrace::rules
