#include "betrace/engine/message_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "betrace/base/base64.h"

namespace betrace::engine {
namespace {

using model::SpanView;
using rules::LinkedTrace;

constexpr std::uint64_t kMicrosecond = 1'000;
constexpr std::uint64_t kMillisecond = 1'000'000;
constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kMinute = 60 * kSecond;
constexpr std::uint64_t kHour = 60 * kMinute;

FieldText text_or_nil(std::string_view text) {
  return text.empty() ? std::nullopt : FieldText(std::string(text));
}

FieldText flag(bool value) { return std::string(value ? "true" : "false"); }

FieldText number(std::uint64_t value) { return fmt::format_int(value).str(); }

std::uint64_t duration_of(const SpanView& span) {
  return span.corrected_end() - span.start_time_unix_nano;
}

// The depth of attribute values is bounded where they are read, so recursion is too.
std::string text_or_dash(const model::ValueView& value) { return text_of(value).value_or("-"); }

std::string text_of_list(std::span<const model::ValueView> items) {
  std::string text = "[";
  for (const model::ValueView& item : items) {
    if (text.size() > 1) text += ", ";
    text += text_or_dash(item);
  }
  return text + "]";
}

std::string text_of_map(model::AttributesView fields) {
  std::string text = "{";
  for (const model::AttributeView& field : fields) {
    if (text.size() > 1) text += ", ";
    text += field.key;
    text += ": ";
    text += text_or_dash(field.value);
  }
  return text + "}";
}

std::set<std::string_view> services_of(const LinkedTrace& trace) {
  std::set<std::string_view> services;
  for (std::uint32_t i = 0; i < trace.size(); ++i) {
    const std::string_view service = model::service_of(trace.span(i));
    if (!service.empty()) services.insert(service);
  }
  return services;
}

FieldText trace_services(const LinkedTrace& trace) {
  return fmt::format("{}", fmt::join(services_of(trace), ", "));
}

// Rows as macros would hide them; a lambda per row is the plainest table.
constexpr std::array kSpanFields = {
    SpanFieldRow{"name", false,
                 [](const LinkedTrace& t, std::uint32_t i) -> FieldText {
                   return std::string(t.span(i).name);
                 }},
    SpanFieldRow{"service", false,
                 [](const LinkedTrace& t, std::uint32_t i) {
                   return text_or_nil(model::service_of(t.span(i)));
                 }},
    SpanFieldRow{"kind", false,
                 [](const LinkedTrace& t, std::uint32_t i) {
                   return text_or_nil(model::name_of(t.span(i).kind));
                 }},
    SpanFieldRow{"status", false,
                 [](const LinkedTrace& t, std::uint32_t i) {
                   return text_or_nil(model::name_of(t.span(i).status_code));
                 }},
    SpanFieldRow{"status_message", false,
                 [](const LinkedTrace& t, std::uint32_t i) {
                   return text_or_nil(t.span(i).status_message);
                 }},
    SpanFieldRow{"duration", false,
                 [](const LinkedTrace& t, std::uint32_t i) -> FieldText {
                   return text_of_duration(duration_of(t.span(i)));
                 }},
    SpanFieldRow{"duration_ms", false,
                 [](const LinkedTrace& t, std::uint32_t i) -> FieldText {
                   return fmt::format("{}", static_cast<double>(duration_of(t.span(i))) / 1e6);
                 }},
    SpanFieldRow{"start_time", false,
                 [](const LinkedTrace& t, std::uint32_t i) {
                   return number(t.span(i).start_time_unix_nano);
                 }},
    SpanFieldRow{
        "end_time", false,
        [](const LinkedTrace& t, std::uint32_t i) { return number(t.span(i).corrected_end()); }},
    SpanFieldRow{
        "span_id", false,
        [](const LinkedTrace& t, std::uint32_t i) -> FieldText { return t.span(i).span_id.hex(); }},
    SpanFieldRow{"trace_id", false,
                 [](const LinkedTrace& t, std::uint32_t i) -> FieldText {
                   return t.span(i).trace_id.hex();
                 }},
    SpanFieldRow{"parent_id", false,
                 [](const LinkedTrace& t, std::uint32_t i) {
                   const SpanView& span = t.span(i);
                   return span.is_root() ? FieldText() : FieldText(span.parent_span_id.hex());
                 }},
    SpanFieldRow{"is_root", false,
                 [](const LinkedTrace& t, std::uint32_t i) { return flag(t.span(i).is_root()); }},
    SpanFieldRow{"is_orphan", true,
                 [](const LinkedTrace& t, std::uint32_t i) { return flag(t.is_orphan(i)); }},
    SpanFieldRow{
        "depth", true,
        [](const LinkedTrace& t, std::uint32_t i) { return number(t.ancestors(i).size()); }},
    SpanFieldRow{
        "child_count", true,
        [](const LinkedTrace& t, std::uint32_t i) { return number(t.children(i).size()); }},
    SpanFieldRow{
        "scope.name", false,
        [](const LinkedTrace& t, std::uint32_t i) { return text_or_nil(t.span(i).scope_name); }},
    SpanFieldRow{
        "scope.version", false,
        [](const LinkedTrace& t, std::uint32_t i) { return text_or_nil(t.span(i).scope_version); }},
};

constexpr std::array kTraceFields = {
    TraceFieldRow{"id", false,
                  [](const LinkedTrace& t) {
                    return t.size() == 0 ? FieldText() : FieldText(t.totals().trace_id.hex());
                  }},
    TraceFieldRow{"duration", false,
                  [](const LinkedTrace& t) -> FieldText {
                    return text_of_duration(t.totals().end - t.totals().start);
                  }},
    TraceFieldRow{"start_time", false,
                  [](const LinkedTrace& t) { return number(t.totals().start); }},
    TraceFieldRow{"end_time", false, [](const LinkedTrace& t) { return number(t.totals().end); }},
    TraceFieldRow{"span_count", false, [](const LinkedTrace& t) { return number(t.size()); }},
    TraceFieldRow{"error_count", false,
                  [](const LinkedTrace& t) { return number(t.totals().error_count); }},
    TraceFieldRow{"services", true, trace_services},
    TraceFieldRow{"service_count", true,
                  [](const LinkedTrace& t) { return number(services_of(t).size()); }},
};

constexpr std::array kRuleFields = {
    RuleFieldRow{"id", [](const model::Rule& r) { return text_or_nil(r.id); }},
    RuleFieldRow{"name", [](const model::Rule& r) { return text_or_nil(r.name); }},
    RuleFieldRow{"description", [](const model::Rule& r) { return text_or_nil(r.description); }},
    RuleFieldRow{"expression", [](const model::Rule& r) { return text_or_nil(r.expression); }},
    RuleFieldRow{"severity",
                 [](const model::Rule& r) { return text_or_nil(model::name_of(r.severity)); }},
    RuleFieldRow{"revision", [](const model::Rule& r) { return number(r.revision); }},
    RuleFieldRow{"tags",
                 [](const model::Rule& r) {
                   return text_or_nil(fmt::format("{}", fmt::join(r.tags, ", ")));
                 }},
};

constexpr std::array<std::array<std::string_view, 2>, 3> kSpanAliases = {{
    {"operation_name", "name"},
    {"service_name", "service"},
    {"parent_span_id", "parent_id"},
}};

template <typename Table>
auto find_row(const Table& table, std::string_view name) noexcept {
  const auto* row = std::find_if(table.begin(), table.end(),
                                 [name](const auto& candidate) { return candidate.name == name; });
  return row == table.end() ? nullptr : row;
}

}  // namespace

const SpanFieldRow* find_span_field(std::string_view name) noexcept {
  for (const auto& alias : kSpanAliases) {
    if (alias[0] == name) name = alias[1];
  }
  return find_row(kSpanFields, name);
}

const TraceFieldRow* find_trace_field(std::string_view name) noexcept {
  return find_row(kTraceFields, name);
}

const RuleFieldRow* find_rule_field(std::string_view name) noexcept {
  return find_row(kRuleFields, name);
}

FieldText text_of(const model::ValueView& value) {
  switch (value.type()) {
    case model::ValueType::Nil:
      return std::nullopt;
    case model::ValueType::Bool:
      return flag(value.as_bool());
    case model::ValueType::Int:
      return fmt::format_int(value.as_int()).str();
    case model::ValueType::Double:
      return fmt::format("{}", value.as_double());
    case model::ValueType::String:
      return std::string(value.as_text());
    case model::ValueType::Bytes:
      return to_base64(value.as_text());
    case model::ValueType::List:
      return text_of_list(value.as_list());
    case model::ValueType::Map:
      return text_of_map(value.as_map());
  }
  return std::nullopt;
}

std::string text_of_duration(std::uint64_t nanoseconds) {
  const auto in = [nanoseconds](std::uint64_t unit, std::string_view name) {
    // Three decimals, rounded down, so that 999.9999ms never reads as 1000ms.
    const auto thousandths = nanoseconds / (unit / 1'000);
    return fmt::format("{}{}", static_cast<double>(thousandths) / 1e3, name);
  };
  if (nanoseconds < kMicrosecond) return fmt::format("{}ns", nanoseconds);
  if (nanoseconds < kMillisecond) return in(kMicrosecond, "us");
  if (nanoseconds < kSecond) return in(kMillisecond, "ms");
  if (nanoseconds < kMinute) return in(kSecond, "s");
  const std::uint64_t seconds = nanoseconds % kMinute / kSecond;
  const std::uint64_t minutes = nanoseconds % kHour / kMinute;
  std::string text;
  if (nanoseconds >= kHour) text += fmt::format("{}h", nanoseconds / kHour);
  if (minutes != 0) text += fmt::format("{}m", minutes);
  if (seconds != 0) text += fmt::format("{}s", seconds);
  return text;
}

}  // namespace betrace::engine
