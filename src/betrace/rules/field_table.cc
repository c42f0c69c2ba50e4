#include "betrace/rules/field_table.h"

#include <algorithm>
#include <array>

#include "betrace/base/check.h"
#include "betrace/rules/find_by_name.h"

namespace betrace::rules {
namespace {

constexpr std::array<SpanFieldRow, 19> kSpanFields = {{
    {"name", SpanField::Name, ValueType::String},
    {"operation_name", SpanField::Name, ValueType::String, false, true},
    {"service", SpanField::Service, ValueType::String},
    {"service_name", SpanField::Service, ValueType::String, false, true},
    {"kind", SpanField::Kind, ValueType::SpanKind},
    {"status", SpanField::Status, ValueType::SpanStatus},
    {"status_message", SpanField::StatusMessage, ValueType::String},
    {"duration", SpanField::Duration, ValueType::Duration},
    {"duration_ms", SpanField::DurationMs, ValueType::Double},
    {"start_time", SpanField::StartTime, ValueType::Int},
    {"end_time", SpanField::EndTime, ValueType::Int},
    {"span_id", SpanField::SpanId, ValueType::Id},
    {"trace_id", SpanField::TraceId, ValueType::Id},
    {"parent_id", SpanField::ParentId, ValueType::Id},
    {"parent_span_id", SpanField::ParentId, ValueType::Id, false, true},
    {"is_root", SpanField::IsRoot, ValueType::Bool},
    {"is_orphan", SpanField::IsOrphan, ValueType::Bool, true},
    {"depth", SpanField::Depth, ValueType::Int, true},
    {"child_count", SpanField::ChildCount, ValueType::Int, true},
}};

// Written `scope.name` and `scope.version`.
constexpr std::array<SpanFieldRow, 2> kScopeFields = {{
    {"name", SpanField::ScopeName, ValueType::String},
    {"version", SpanField::ScopeVersion, ValueType::String},
}};

constexpr std::array<TraceFieldRow, 8> kTraceFields = {{
    {"duration", TraceField::Duration, ValueType::Duration},
    {"end_time", TraceField::EndTime, ValueType::Int},
    {"error_count", TraceField::ErrorCount, ValueType::Int},
    {"id", TraceField::Id, ValueType::String},
    {"service_count", TraceField::ServiceCount, ValueType::Int},
    {"services", TraceField::Services, ValueType::List},
    {"span_count", TraceField::SpanCount, ValueType::Int},
    {"start_time", TraceField::StartTime, ValueType::Int},
}};

constexpr std::array<EventFieldRow, 2> kEventFields = {{
    {"name", EventField::Name, ValueType::String},
    {"time", EventField::Time, ValueType::Int},
}};

constexpr std::array<LinkFieldRow, 2> kLinkFields = {{
    {"trace_id", LinkField::TraceId, ValueType::Id},
    {"span_id", LinkField::SpanId, ValueType::Id},
}};

template <typename Rows, typename Field>
auto find_by_field(const Rows& rows, Field field) noexcept -> decltype(rows.data()) {
  const auto found = std::find_if(rows.begin(), rows.end(),
                                  [field](const auto& row) { return row.field == field; });
  return found == rows.end() ? nullptr : &*found;
}

}  // namespace

const SpanFieldRow* find_span_field(std::string_view name) noexcept {
  return find_by_name(kSpanFields, name);
}
const TraceFieldRow* find_trace_field(std::string_view name) noexcept {
  return find_by_name(kTraceFields, name);
}
const EventFieldRow* find_event_field(std::string_view name) noexcept {
  return find_by_name(kEventFields, name);
}
const LinkFieldRow* find_link_field(std::string_view name) noexcept {
  return find_by_name(kLinkFields, name);
}
const SpanFieldRow* find_scope_field(std::string_view name) noexcept {
  return find_by_name(kScopeFields, name);
}

const SpanFieldRow& row_of(SpanField field) noexcept {
  const SpanFieldRow* row = find_by_field(kSpanFields, field);
  if (row == nullptr) row = find_by_field(kScopeFields, field);
  BETRACE_CHECK(row != nullptr);
  return *row;
}
const TraceFieldRow& row_of(TraceField field) noexcept {
  const TraceFieldRow* row = find_by_field(kTraceFields, field);
  BETRACE_CHECK(row != nullptr);
  return *row;
}
const EventFieldRow& row_of(EventField field) noexcept {
  const EventFieldRow* row = find_by_field(kEventFields, field);
  BETRACE_CHECK(row != nullptr);
  return *row;
}
const LinkFieldRow& row_of(LinkField field) noexcept {
  const LinkFieldRow* row = find_by_field(kLinkFields, field);
  BETRACE_CHECK(row != nullptr);
  return *row;
}

std::vector<std::string_view> span_words() {
  std::vector<std::string_view> words = {"attributes", "resource", "scope", "events",
                                         "links",      "parent",   "root"};
  for (const SpanFieldRow& row : kSpanFields) words.push_back(row.name);
  return words;
}

std::vector<std::string_view> trace_words() {
  std::vector<std::string_view> words;
  for (const TraceFieldRow& row : kTraceFields) words.push_back(row.name);
  return words;
}

}  // namespace betrace::rules
