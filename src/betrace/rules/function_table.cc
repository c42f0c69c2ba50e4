#include "betrace/rules/function_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "betrace/rules/field_table.h"
#include "betrace/rules/find_by_name.h"
#include "betrace/rules/nearest_word.h"

namespace betrace::rules {
namespace {

constexpr std::array<TraceFunctionRow, 5> kTraceFunctions = {{
    {"has", TraceFunction::Has},
    {"any", TraceFunction::Has},
    {"none", TraceFunction::None},
    {"missing", TraceFunction::None},
    {"all", TraceFunction::All},
}};

constexpr std::array<AggregateRow, 7> kAggregates = {{
    {"count", AggregateKind::Count, "at most one condition"},
    {"sum", AggregateKind::Sum, "a value and an optional condition"},
    {"avg", AggregateKind::Avg, "a value and an optional condition"},
    {"min", AggregateKind::Min, "a value and an optional condition"},
    {"max", AggregateKind::Max, "a value and an optional condition"},
    {"percentile", AggregateKind::Percentile, "a value, a percentile and an optional condition"},
    {"count_distinct", AggregateKind::CountDistinct, "a value and an optional condition"},
}};

constexpr std::array<StructureRow, 8> kStructure = {{
    {"has_parent", StructureMethod::HasParent},
    {"has_child", StructureMethod::HasChild},
    {"has_ancestor", StructureMethod::HasAncestor},
    {"has_descendant", StructureMethod::HasDescendant},
    {"has_sibling", StructureMethod::HasSibling},
    {"preceded_by", StructureMethod::PrecededBy, true},
    {"followed_by", StructureMethod::FollowedBy, true},
    {"overlaps", StructureMethod::Overlaps},
}};

constexpr std::array<ValueMethodRow, 7> kValueMethods = {{
    {"contains", ValueMethod::Test, ComparisonWord::Contains},
    {"starts_with", ValueMethod::Test, ComparisonWord::StartsWith},
    {"ends_with", ValueMethod::Test, ComparisonWord::EndsWith},
    {"matches", ValueMethod::Test, ComparisonWord::Matches},
    {"length", ValueMethod::Length},
    {"lower", ValueMethod::Lower},
    {"upper", ValueMethod::Upper},
}};

struct Equivalent {
  std::string_view name;
  std::string_view instead;
};

// What may stand behind `trace.`, by habit.
constexpr std::array<Equivalent, 12> kTraceEquivalents = {{
    {"exists", "write trace.has(...)"},
    {"exist", "write trace.has(...)"},
    {"some", "write trace.has(...)"},
    {"contains", "write trace.has(...)"},
    {"includes", "write trace.has(...)"},
    {"find", "write trace.has(...)"},
    {"filter", "write trace.has(...), or count(...) for their number"},
    {"every", "write trace.all(...)"},
    {"absent", "write trace.none(...)"},
    {"not", "write not trace.has(...)"},
    {"has_before", "use trace.has(B and span.preceded_by(A))"},
    {"has_after", "use trace.has(B and span.followed_by(A))"},
}};

constexpr std::array<Equivalent, 24> kEquivalents = {{
    {"has", "write trace.has(...) or just the span name"},
    {"any", "write trace.has(...) or just the span name"},
    {"exists", "write trace.has(...) or just the span name"},
    {"none", "write trace.none(...)"},
    {"missing", "write trace.missing(...)"},
    {"all", "write trace.all(...)"},
    {"quantile", "use percentile"},
    {"median", "use percentile(v, 50)"},
    {"mean", "use avg"},
    {"average", "use avg"},
    {"total", "use sum"},
    {"distinct", "use count_distinct"},
    {"len", "use length() or #"},
    {"size", "use length() or #"},
    {"includes", "use contains"},
    {"startsWith", "use starts_with"},
    {"endsWith", "use ends_with"},
    {"toLowerCase", "use lower()"},
    {"toUpperCase", "use upper()"},
    {"match", "use matches"},
    {"followedBy", "use span.followed_by(...)"},
    {"has_before", "use trace.has(B and span.preceded_by(A))"},
    {"has_after", "use trace.has(B and span.followed_by(A))"},
    {"within", "use span.preceded_by(A, 5s) or span.followed_by(A, 5s)"},
}};

template <typename Rows>
void append_names(const Rows& rows, std::vector<std::string_view>* names) {
  for (const auto& row : rows) names->push_back(row.name);
}

// What all the words are, for a name that is like none of them.
std::string known_words(std::string_view what, const std::vector<std::string_view>& known) {
  return fmt::format("the {} are {}", what, fmt::join(known, " "));
}

std::string suggest(std::string_view name, std::string_view what,
                    const std::vector<std::string_view>& known) {
  if (const Equivalent* found = find_by_name(kEquivalents, name)) {
    return std::string(found->instead);
  }
  const std::string_view nearest = nearest_word(name, known);
  return nearest.empty() ? known_words(what, known) : fmt::format("did you mean '{}'?", nearest);
}

}  // namespace

const TraceFunctionRow* find_trace_function(std::string_view name) noexcept {
  return find_by_name(kTraceFunctions, name);
}
const AggregateRow* find_aggregate(std::string_view name) noexcept {
  return find_by_name(kAggregates, name);
}
const StructureRow* find_structure_method(std::string_view name) noexcept {
  return find_by_name(kStructure, name);
}
const ValueMethodRow* find_value_method(std::string_view name) noexcept {
  return find_by_name(kValueMethods, name);
}

std::string suggest_function(std::string_view name) {
  std::vector<std::string_view> known;
  append_names(kAggregates, &known);
  return suggest(name, "functions", known);
}

std::string suggest_trace_function(std::string_view name) {
  if (find_structure_method(name) != nullptr) {
    return fmt::format("use trace.has(B and span.{}(A))", name);
  }
  if (const Equivalent* found = find_by_name(kTraceEquivalents, name)) {
    return std::string(found->instead);
  }
  if (find_trace_field(name) != nullptr) return fmt::format("write trace.{} alone", name);
  std::vector<std::string_view> known;
  append_names(kTraceFunctions, &known);
  append_names(kAggregates, &known);
  const std::string_view nearest = nearest_word(name, known);
  return nearest.empty() ? known_words("functions of a trace", known)
                         : fmt::format("did you mean 'trace.{}'?", nearest);
}

std::string suggest_method(std::string_view name) {
  if (name == "count") return "write count(x) instead of x.count()";
  if (name == "has" || name == "any" || name == "all" || name == "none" || name == "missing") {
    return fmt::format("write trace.{}(...)", name);
  }
  if (find_aggregate(name) != nullptr) return fmt::format("write {}(value, condition)", name);
  if (find_structure_method(name) != nullptr) {
    return fmt::format("it is a method of a span: trace.has(B and span.{}(A))", name);
  }
  std::vector<std::string_view> known;
  append_names(kValueMethods, &known);
  append_names(kStructure, &known);
  return suggest(name, "methods", known);
}

}  // namespace betrace::rules
