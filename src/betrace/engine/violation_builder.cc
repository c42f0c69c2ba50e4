#include "betrace/engine/violation_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "betrace/base/sha256.h"
#include "betrace/engine/explanation.h"
#include "betrace/engine/message_template.h"
#include "betrace/engine/witness_filter.h"

namespace betrace::engine {
namespace {

using model::SpanView;
using model::Violation;
using rules::LinkedTrace;
using rules::Scope;

// The span that the violation is about, or a witness; of a violation that cites nothing, the root.
std::optional<std::uint32_t> find_anchor(const LinkedTrace& proof, const Judgement& judgement) {
  if (judgement.anchor.has_value()) return judgement.anchor;
  if (!judgement.witnesses.empty()) return judgement.witnesses.front();
  const auto root = proof.trace_root();
  return root.has_value() && proof.span(*root).is_root() ? root : std::nullopt;
}

// Where there is no root, only the id is told of the orphan that stands for it: whether more is
// known of it depends on the other rules.
model::SpanId span_id_of(const LinkedTrace& proof, std::optional<std::uint32_t> anchor) {
  if (!anchor.has_value()) anchor = proof.trace_root();
  return anchor.has_value() ? proof.span(*anchor).span_id : model::SpanId();
}

void set_rule(const ActiveRule& rule, Violation* violation) {
  violation->rule_id = rule.rule.id;
  violation->rule_name = rule.rule.name;
  violation->rule_revision = rule.rule.revision;
  violation->severity = rule.rule.severity;
  violation->tags = rule.rule.tags;
}

void set_anchor(const SpanView& anchor, Violation* violation) {
  violation->service = model::service_of(anchor);
  violation->anchor_name = anchor.name;
  violation->anchor_duration_ns = anchor.corrected_end() - anchor.start_time_unix_nano;
}

void set_trace(const traces::TraceState& trace, Violation* violation) {
  violation->trace_id = trace.id();
  violation->trace_start = trace.start();
  violation->trace_end = trace.end();
  violation->spans_seen = trace.activity().span_count;
}

void set_circumstances(const Circumstances& circumstances, Violation* violation) {
  violation->timestamp = circumstances.timestamp;
  violation->completeness = circumstances.completeness;
  violation->close_reason = circumstances.close_reason;
  violation->early = circumstances.early;
  violation->late = circumstances.late;
  violation->ingest_key = circumstances.key_id;
}

// What a rule without template says.
std::string generated_message(const ActiveRule& rule, const Violation& violation) {
  if (violation.anchor_name.empty()) return fmt::format("{} in the trace", rule.rule.name);
  const std::string_view relation = rule.checked.scope == Scope::Span ? "span" : "trace with span";
  std::string text = fmt::format("{}: {} {}", rule.rule.name, relation, violation.anchor_name);
  if (!violation.service.empty()) text += fmt::format(" of {}", violation.service);
  return cut_message(std::move(text));
}

std::string message_of(const ActiveRule& rule, const traces::TraceState& trace,
                       const LinkedTrace& proof, std::optional<std::uint32_t> anchor,
                       const Redaction& redaction, const Violation& violation) {
  if (rule.message.is_empty()) return generated_message(rule, violation);
  const bool sees_trace = proof.size() == trace.activity().span_count;
  if (sees_trace || !rule.message.reads_trace()) {
    return rule.message.render({rule.rule, proof, anchor, redaction});
  }
  // In span scope the proof is one span; a template may still read the trace as it is now.
  const TraceProof whole(trace);
  return rule.message.render(
      {rule.rule, whole.linked, whole.linked.find(violation.span_id), redaction});
}

}  // namespace

Violation ViolationBuilder::confirmed(const ActiveRule& rule, const traces::TraceState& trace,
                                      const LinkedTrace& proof, const Judgement& judgement,
                                      const Circumstances& circumstances) const {
  Violation violation;
  set_rule(rule, &violation);
  set_trace(trace, &violation);
  set_circumstances(circumstances, &violation);
  violation.redaction = redaction_->id();
  const auto anchor = find_anchor(proof, judgement);
  violation.span_id = span_id_of(proof, anchor);
  if (anchor.has_value()) set_anchor(proof.span(*anchor), &violation);
  const bool is_span_scope = rule.checked.scope == Scope::Span;
  violation.key = model::violation_key(rule.rule.id, rule.checked.normalized, trace.id(),
                                       is_span_scope ? &violation.span_id : nullptr);
  violation.witness_count = judgement.witnesses.size();
  const std::size_t shown = std::min(judgement.witnesses.size(), kWitnessesMax);
  for (std::size_t i = 0; i < shown; ++i) {
    const std::uint32_t role = judgement.roles[i];
    violation.witnesses.push_back(
        {rule.checked.clauses[role].text,
         copy_witness(rule, proof.span(judgement.witnesses[i]), *redaction_)});
  }
  violation.explanation = explain_violation(rule, proof, judgement);
  violation.message = message_of(rule, trace, proof, anchor, *redaction_, violation);
  return violation;
}

Violation ViolationBuilder::withdrawn(const ActiveRule& rule, const traces::TraceState& trace,
                                      const LinkedTrace& proof,
                                      const std::vector<rules::ClauseResult>& clauses,
                                      const NamedAnchor& anchor,
                                      const Circumstances& circumstances) const {
  Violation violation;
  set_rule(rule, &violation);
  set_trace(trace, &violation);
  set_circumstances(circumstances, &violation);
  violation.redaction = redaction_->id();
  violation.status = model::ViolationStatus::Withdrawn;
  violation.span_id = anchor.span_id;
  const auto span = anchor.is_known ? proof.find(anchor.span_id) : std::nullopt;
  if (span.has_value()) set_anchor(proof.span(*span), &violation);
  violation.key = model::violation_key(rule.rule.id, rule.checked.normalized, trace.id(), nullptr);
  violation.explanation = explain_withdrawal(rule, proof, clauses);
  violation.message = message_of(rule, trace, proof, span, *redaction_, violation);
  return violation;
}

std::uint64_t content_digest(const Violation& violation) {
  std::string text = fmt::format(
      "{} {} {} {} {} {} {} {}\n{}\n{}\n{}\n", static_cast<int>(violation.status),
      violation.completeness ? static_cast<int>(*violation.completeness) : 0,
      violation.close_reason ? static_cast<int>(*violation.close_reason) : 0, violation.spans_seen,
      violation.trace_start, violation.trace_end, violation.witness_count, violation.span_id.hex(),
      violation.message, violation.explanation.summary, violation.explanation.spans_examined);
  for (const model::Witness& witness : violation.witnesses) {
    text += fmt::format("{} {}\n", witness.span.view().span_id.hex(), witness.role);
  }
  for (const model::Clause& clause : violation.explanation.clauses) {
    text += fmt::format("{} {}\n", clause.value, clause.text);
    for (const model::SpanId& span : clause.spans) text += span.hex();
  }
  const Sha256 digest = sha256(text);
  std::uint64_t number = 0;
  std::memcpy(&number, digest.data(), sizeof number);
  return number;
}

}  // namespace betrace::engine
