#include "betrace/rules/span_fields.h"

#include <array>

namespace betrace::rules {
namespace {

using model::SpanView;

RuntimeValue text_or_nil(std::string_view text) {
  return text.empty() ? RuntimeValue() : RuntimeValue::string(text);
}

RuntimeValue name(const SpanView& span) { return RuntimeValue::string(span.name); }

RuntimeValue service(const SpanView& span) { return text_or_nil(model::service_of(span)); }

RuntimeValue kind(const SpanView& span) {
  return RuntimeValue::string(model::name_of(span.kind), RuntimeValue::TextKind::SpanKind);
}

RuntimeValue status(const SpanView& span) {
  return RuntimeValue::string(model::name_of(span.status_code), RuntimeValue::TextKind::Status);
}

RuntimeValue status_message(const SpanView& span) { return text_or_nil(span.status_message); }

RuntimeValue duration(const SpanView& span) { return RuntimeValue::duration(duration_ns(span)); }

RuntimeValue duration_ms(const SpanView& span) {
  return RuntimeValue::real(static_cast<double>(duration_ns(span)) / 1e6);
}

RuntimeValue start_time(const SpanView& span) {
  return RuntimeValue::unsigned_integer(span.start_time_unix_nano);
}

RuntimeValue end_time(const SpanView& span) {
  return RuntimeValue::unsigned_integer(span.corrected_end());
}

RuntimeValue span_id(const SpanView& span) {
  return RuntimeValue::owned_string(span.span_id.hex());
}

RuntimeValue trace_id(const SpanView& span) {
  return RuntimeValue::owned_string(span.trace_id.hex());
}

RuntimeValue parent_id(const SpanView& span) {
  if (span.is_root()) return {};
  return RuntimeValue::owned_string(span.parent_span_id.hex());
}

RuntimeValue is_root(const SpanView& span) { return RuntimeValue::boolean(span.is_root()); }

RuntimeValue scope_name(const SpanView& span) { return text_or_nil(span.scope_name); }

RuntimeValue scope_version(const SpanView& span) { return text_or_nil(span.scope_version); }

RuntimeValue is_orphan(std::uint32_t index, const LinkedTrace& trace) {
  return RuntimeValue::boolean(trace.is_orphan(index));
}

RuntimeValue depth(std::uint32_t index, const LinkedTrace& trace) {
  return RuntimeValue::unsigned_integer(trace.depth(index));
}

RuntimeValue child_count(std::uint32_t index, const LinkedTrace& trace) {
  return RuntimeValue::unsigned_integer(trace.children(index).size());
}

// One of the two accessors is set.
struct Accessor {
  RuntimeValue (*of_span)(const SpanView&);
  RuntimeValue (*of_place)(std::uint32_t, const LinkedTrace&) = nullptr;
};

// In the order of SpanField.
constexpr std::array<Accessor, 18> kAccessors = {{
    {name},
    {service},
    {kind},
    {status},
    {status_message},
    {duration},
    {duration_ms},
    {start_time},
    {end_time},
    {span_id},
    {trace_id},
    {parent_id},
    {is_root},
    {nullptr, is_orphan},
    {nullptr, depth},
    {nullptr, child_count},
    {scope_name},
    {scope_version},
}};
static_assert(kAccessors.size() == static_cast<std::size_t>(SpanField::ScopeVersion) + 1);

}  // namespace

RuntimeValue read_field(SpanField field, const BoundSpan& span, const LinkedTrace* trace) {
  if (span.is_absent()) return {};
  const Accessor& accessor = kAccessors[static_cast<std::size_t>(field)];
  if (accessor.of_span != nullptr) return accessor.of_span(*span.view);
  return trace == nullptr ? RuntimeValue() : accessor.of_place(span.index, *trace);
}

RuntimeValue read_field(EventField field, const model::EventView& event) {
  if (field == EventField::Name) return RuntimeValue::string(event.name);
  return RuntimeValue::unsigned_integer(event.time_unix_nano);
}

RuntimeValue read_field(LinkField field, const model::LinkView& link) {
  return RuntimeValue::owned_string(field == LinkField::TraceId ? link.trace_id.hex()
                                                                : link.span_id.hex());
}

}  // namespace betrace::rules
