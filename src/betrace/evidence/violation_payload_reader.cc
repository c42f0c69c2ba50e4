#include <fmt/format.h>

#include "betrace/base/hex.h"
#include "betrace/base/json.h"
#include "betrace/evidence/attribute_payload.h"
#include "betrace/evidence/canonical_json.h"
#include "betrace/evidence/payload_members.h"
#include "betrace/evidence/payload_words.h"
#include "betrace/evidence/violation_payload.h"

namespace betrace::evidence {
namespace {

using model::Violation;
using model::Witness;

void read_key(PayloadMembers* members, model::ViolationKey* key) {
  if (!from_hex(members->text("digest"), key->digest)) members->reject("digest");
  if (members->text("id") != key->id()) members->reject("id");
}

void read_anchor(PayloadMembers* members, Violation* violation) {
  PayloadMembers anchor(members->get("anchor"));
  violation->anchor_duration_ns = anchor.integer("duration_ns");
  violation->anchor_name = anchor.text("name");
  violation->service = anchor.text("service");
  if (!anchor.is_good()) members->reject("anchor");
}

void read_rule(PayloadMembers* members, Violation* violation) {
  violation->rule_id = members->text("rule_id");
  violation->rule_name = members->text("rule_name");
  violation->rule_revision = members->integer("rule_revision");
  violation->severity =
      members->word("severity", model::parse_severity).value_or(model::Severity::Medium);
  violation->tags = members->texts("tags");
  violation->message = members->text("message");
}

void read_grade(PayloadMembers* members, Violation* violation) {
  if (members->has("close_reason")) {
    violation->close_reason = members->word("close_reason", read_close_reason);
  }
  if (members->has("completeness")) {
    violation->completeness = members->word("completeness", read_completeness);
  }
  violation->early = members->boolean("early");
  violation->late = members->boolean("late");
  violation->status =
      members->word("status", read_status).value_or(model::ViolationStatus::Confirmed);
}

void read_trace(PayloadMembers* members, Violation* violation) {
  violation->trace_id = members->id<16>("trace_id");
  violation->span_id = members->id<8>("span_id");
  violation->timestamp = members->time("timestamp");
  violation->trace_start = members->time("trace_start");
  violation->trace_end = members->time("trace_end");
  violation->spans_seen = members->integer("spans_seen");
  violation->witness_count = members->integer("witness_count");
}

bool read_clause(const Json& json, model::Clause* clause) {
  PayloadMembers members(json);
  clause->text = members.text("text");
  clause->value = members.boolean("value");
  for (const std::string& digits : members.texts("spans")) {
    if (!model::SpanId::parse(digits, &clause->spans.emplace_back())) return false;
  }
  return members.is_good();
}

void read_explanation(PayloadMembers* members, model::Explanation* explanation) {
  PayloadMembers parts(members->get("explanation"));
  explanation->summary = parts.text("summary");
  explanation->scope = parts.text("scope");
  explanation->spans_examined = parts.integer("spans_examined");
  const Json& clauses = parts.get("clauses");
  if (!clauses.is_array()) parts.reject("clauses");
  for (const Json& json : clauses) {
    if (!read_clause(json, &explanation->clauses.emplace_back())) parts.reject("clauses");
  }
  if (!parts.is_good()) members->reject("explanation");
}

// The attributes of the resource: those that were kept, behind the service.
bool read_resource(PayloadMembers* members, AttributeArena* arena, model::SpanView* span) {
  model::AttributesView others;
  if (members->has("resource") && !arena->read(members->get("resource"), &others)) return false;
  std::vector<model::AttributeView> resource;
  std::string service = members->text("service");
  if (!service.empty()) {
    const std::string_view kept = arena->keep(std::move(service));
    resource.push_back({kServiceKey, model::ValueView::string(kept)});
  }
  resource.insert(resource.end(), others.begin(), others.end());
  span->resource = arena->keep(std::move(resource));
  return true;
}

bool read_witness(const Json& json, const model::TraceId& trace_id, std::vector<Witness>* out) {
  PayloadMembers members(json);
  AttributeArena arena;
  model::SpanView span;
  span.trace_id = trace_id;
  span.span_id = members.id<8>("span_id");
  span.parent_span_id = members.id<8>("parent_span_id");
  span.name = arena.keep(members.text("name"));
  span.kind = members.word("kind", read_span_kind).value_or(model::SpanKind::Unspecified);
  span.status_code = members.word("status", read_status_code).value_or(model::StatusCode::Unset);
  span.start_time_unix_nano = members.time("start_time");
  span.end_time_unix_nano = members.time("end_time");
  std::string role = members.text("role");
  if (!arena.read(members.get("attributes"), &span.attributes)) return false;
  if (!read_resource(&members, &arena, &span) || !members.is_good()) return false;
  out->push_back(Witness{std::move(role), model::KeptSpan::copy(span)});
  return true;
}

void read_witnesses(PayloadMembers* members, Violation* violation) {
  const Json& witnesses = members->get("witnesses");
  if (!witnesses.is_array()) members->reject("witnesses");
  for (const Json& json : witnesses) {
    if (!read_witness(json, violation->trace_id, &violation->witnesses)) {
      members->reject("witnesses");
    }
  }
}

Result<void> check_version(const Json& payload) {
  if (!payload.is_object() || !payload.contains("v") || !payload.at("v").is_number_unsigned()) {
    return fail(ErrorCode::Corrupt, "payload has no version");
  }
  if (payload.at("v").get<std::uint64_t>() > kPayloadVersion) {
    return fail(ErrorCode::Unsupported, "payload has a newer version");
  }
  return {};
}

}  // namespace

Result<ReadViolation> read_violation_payload(std::string_view payload) {
  const auto json = parse_json(payload, kCanonicalDepthMax);
  if (!json) return fail(ErrorCode::Corrupt, "payload: " + json.error().message);
  if (auto checked = check_version(*json); !checked) return fail(checked.error());
  PayloadMembers members(*json);
  ReadViolation read;
  Violation& violation = read.record.violation;
  read.record.type = members.word("type", read_record_type).value_or(model::RecordType::Violation);
  read.log = members.text("log");
  read.engine = members.text("engine");
  violation.redaction = members.text("redaction");
  violation.ingest_key = members.text("ingest_key");
  if (members.has("key_id")) read.key_id = members.text("key_id");
  if (members.has("cut")) read.cut = members.texts("cut");
  read_key(&members, &violation.key);
  read_anchor(&members, &violation);
  read_rule(&members, &violation);
  read_grade(&members, &violation);
  read_trace(&members, &violation);
  read_explanation(&members, &violation.explanation);
  read_witnesses(&members, &violation);
  if (members.is_good()) return read;
  return fail(ErrorCode::Corrupt,
              fmt::format("payload member {} is wrong", members.wrong_member()));
}

}  // namespace betrace::evidence
