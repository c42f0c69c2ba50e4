#include "betrace/model/violation_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "betrace/base/base64.h"
#include "betrace/base/time.h"

namespace betrace::model {
namespace {

std::string upper_case(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return upper;
}

// Whole milliseconds as an integer: `2000`, not `2000.0`.
OrderedJson milliseconds_json(std::uint64_t nanos) {
  if (nanos % kNanosPerMilli == 0) return nanos / kNanosPerMilli;
  return static_cast<double>(nanos) / static_cast<double>(kNanosPerMilli);
}

// What JSON has no number for is a text, as in the JSON form of protobuf.
OrderedJson real_json(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

OrderedJson attributes_json(AttributesView attributes);

OrderedJson value_json(const ValueView& value) {
  switch (value.type()) {
    case ValueType::Nil:
      return nullptr;
    case ValueType::Bool:
      return value.as_bool();
    case ValueType::Int:
      return value.as_int();
    case ValueType::Double:
      return real_json(value.as_double());
    case ValueType::String:
      return value.as_text();
    case ValueType::Bytes:
      return to_base64(value.as_text());
    case ValueType::List: {
      OrderedJson items = OrderedJson::array();
      for (const ValueView& item : value.as_list()) items.push_back(value_json(item));
      return items;
    }
    case ValueType::Map:
      return attributes_json(value.as_map());
  }
  return nullptr;
}

OrderedJson attributes_json(AttributesView attributes) {
  OrderedJson object = OrderedJson::object();
  for (const AttributeView& attribute : attributes) {
    const std::string key(attribute.key);
    if (!object.contains(key)) object[key] = value_json(attribute.value);  // the first is read
  }
  return object;
}

OrderedJson span_ids_json(const std::vector<SpanId>& ids) {
  OrderedJson list = OrderedJson::array();
  for (const SpanId& id : ids) list.push_back(id.hex());
  return list;
}

OrderedJson explanation_json(const Explanation& explanation) {
  OrderedJson clauses = OrderedJson::array();
  for (const Clause& clause : explanation.clauses) {
    clauses.push_back(
        {{"text", clause.text}, {"value", clause.value}, {"spans", span_ids_json(clause.spans)}});
  }
  return {{"summary", explanation.summary},
          {"clauses", std::move(clauses)},
          {"scope", explanation.scope},
          {"spans_examined", explanation.spans_examined}};
}

OrderedJson witness_json(const Witness& witness) {
  const SpanView& span = witness.span.view();
  return {{"role", witness.role},
          {"span_id", span.span_id.hex()},
          {"parent_span_id", span.is_root() ? "" : span.parent_span_id.hex()},
          {"name", span.name},
          {"service", service_of(span)},
          {"kind", upper_case(name_of(span.kind))},
          {"status", upper_case(name_of(span.status_code))},
          {"start_time", span.start_time_unix_nano},
          {"end_time", span.end_time_unix_nano},
          {"duration_ms", milliseconds_json(span.corrected_end() - span.start_time_unix_nano)},
          {"attributes", attributes_json(span.attributes)}};
}

// An anchor may be missing: a trace without root that violates an absence rule cites no span.
std::string anchor_id(const Violation& violation) {
  return violation.span_id.is_zero() ? "" : violation.span_id.hex();
}

template <typename Enumerator>
OrderedJson name_or_null(const std::optional<Enumerator>& value) {
  return value ? OrderedJson(name_of(*value)) : OrderedJson();
}

OrderedJson text_or_null(const std::string& text) {
  return text.empty() ? OrderedJson() : OrderedJson(text);
}

}  // namespace

OrderedJson violation_json(const Violation& violation, const ViolationPlace& place) {
  OrderedJson json = {
      {"id", violation.key.id()},
      {"sequence", place.sequence},
      {"rule_id", violation.rule_id},
      {"rule_name", violation.rule_name},
      {"rule_revision", violation.rule_revision},
      {"severity", name_of(violation.severity)},
      {"trace_id", violation.trace_id.hex()},
      {"span_id", anchor_id(violation)},
      {"service", violation.service},
      {"timestamp", place.created_at / kNanosPerSecond},
      {"created_at", format_rfc3339(place.created_at)},
      {"message", violation.message},
      {"completeness", name_or_null(violation.completeness)},
      {"early", violation.early},
      {"late", violation.late},
      {"close_reason", name_or_null(violation.close_reason)},
      {"spans_seen", violation.spans_seen},
      {"status", name_of(violation.status)},
      {"tags", violation.tags},
      {"metadata",
       {{"span_name", violation.anchor_name},
        {"duration_ms", milliseconds_json(violation.anchor_duration_ns)},
        {"service", violation.service}}},
      {"key_id", text_or_null(place.key_id)},
      {"signature", text_or_null(place.signature)},
  };
  if (place.signature.empty()) json["unsigned"] = true;
  return json;
}

std::string_view event_name(const ViolationRecord& record) noexcept {
  if (record.type == RecordType::Violation) return "violation";
  return record.violation.status == ViolationStatus::Withdrawn ? "withdrawn" : "final";
}

OrderedJson violation_proof_json(const Violation& violation) {
  OrderedJson witnesses = OrderedJson::array();
  for (const Witness& witness : violation.witnesses) {
    witnesses.push_back(witness_json(witness));
  }
  return {{"witnesses", std::move(witnesses)},
          {"witness_count", violation.witness_count},
          {"explanation", explanation_json(violation.explanation)}};
}

OrderedJson trial_violation_json(const Violation& violation) {
  OrderedJson witnesses = OrderedJson::array();
  for (const Witness& witness : violation.witnesses) {
    witnesses.push_back(witness.span.view().span_id.hex());
  }
  return {{"trace_id", violation.trace_id.hex()},
          {"span_id", anchor_id(violation)},
          {"message", violation.message},
          {"witnesses", std::move(witnesses)},
          {"witness_count", violation.witness_count},
          {"explanation", explanation_json(violation.explanation)}};
}

std::string trace_link(std::string_view template_text, const TraceId& trace) {
  constexpr std::string_view kPlace = "{trace_id}";
  std::string link(template_text);
  for (std::size_t at = link.find(kPlace); at != std::string::npos; at = link.find(kPlace, at)) {
    link.replace(at, kPlace.size(), trace.hex());
  }
  return link;
}

}  // namespace betrace::model
