#include "betrace/exporter/violation_span.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>
#include <random>

#include "betrace/base/mutant.h"
#include "betrace/base/version.h"
#include "betrace/otlp/trace_writer.h"

namespace betrace::exporter {
namespace {

using model::Violation;

constexpr std::string_view kName = "betrace.violation";
constexpr std::array<std::string_view, 3> kNames = {kName, "betrace.violation.withdrawn",
                                                    "compliance.evidence"};  // by SpanKind
constexpr std::string_view kUnsigned = "betrace.violation.unsigned";
constexpr std::string_view kEvidenceUnsigned = "compliance.unsigned";

// The violation's own id, so that both of its spans find each other.
model::TraceId own_trace_id(const model::ViolationKey& key) {
  model::TraceId id;
  std::copy_n(key.digest.begin(), id.bytes.size(), id.bytes.begin());
  if (id.is_zero()) id.bytes.back() = 1;
  return id;
}

bool is_grave(model::Severity severity) {
  return severity == model::Severity::Critical || severity == model::Severity::High;
}

void add_texts(const storage::TailRecord& record, ViolationSpan* span) {
  const Violation& violation = record.record.violation;
  const auto add = [span](std::string_view name, std::string_view text) {
    span->texts.emplace_back(fmt::format("betrace.violation.{}", name), text);
  };
  add("id", violation.key.id());
  add("rule_id", violation.rule_id);
  add("rule_name", violation.rule_name);
  add("severity", model::name_of(violation.severity));
  add("message", violation.message);
  add("trace_id", violation.trace_id.hex());
  if (violation.completeness) add("completeness", model::name_of(*violation.completeness));
  add("status", model::name_of(violation.status));
  if (span->is_signed) add("signature", record.place.signature);
  for (std::size_t i = 0; i < violation.witnesses.size(); ++i) {
    const model::SpanView& witness = violation.witnesses[i].span.view();
    const std::string name = fmt::format("betrace.span_ref.{}.", i);
    span->texts.emplace_back(name + "trace_id", violation.trace_id.hex());
    span->texts.emplace_back(name + "span_id", witness.span_id.hex());
    span->texts.emplace_back(name + "service", model::service_of(witness));
  }
}

// Views of the spans of one request. Owner of what the views need: this and the spans.
class RequestViews {
 public:
  explicit RequestViews(const SpanOptions& options) {
    for (const auto& [key, text] : options.resource) {
      resource_.push_back({key, model::ValueView::string(text)});
    }
  }

  void add(const ViolationSpan& span) {
    model::SpanView view;
    view.trace_id = span.trace_id;
    view.span_id = span.span_id;
    view.parent_span_id = span.parent_span_id;
    view.name = kNames[static_cast<std::size_t>(span.kind)];
    view.kind = model::SpanKind::Internal;
    view.status_code = span.status;
    if (span.status == model::StatusCode::Error) view.status_message = span.message;
    view.start_time_unix_nano = span.start_time;
    view.end_time_unix_nano = span.time;
    view.attributes = attributes(span);
    view.resource = resource_;
    view.scope_name = kOwnScope;
    view.scope_version = version();
    view.links = links(span);
    views_.push_back(view);
  }

  [[nodiscard]] std::span<const model::SpanView> views() const { return views_; }

 private:
  model::AttributesView attributes(const ViolationSpan& span) {
    std::vector<model::AttributeView>& made = attributes_.emplace_back();
    const bool is_evidence = span.kind == SpanKind::Evidence;
    if (!is_evidence) made.push_back({kName, model::ValueView::boolean(true)});
    if (!span.is_signed) {
      made.push_back(
          {is_evidence ? kEvidenceUnsigned : kUnsigned, model::ValueView::boolean(true)});
    }
    for (const auto& [key, text] : span.texts) {
      made.push_back({key, model::ValueView::string(text)});
    }
    for (const auto& [key, number] : span.numbers) {
      made.push_back({key, model::ValueView::integer(number)});
    }
    return made;
  }

  std::span<const model::LinkView> links(const ViolationSpan& span) {
    std::vector<model::LinkView>& made = links_.emplace_back();
    for (const auto& [trace_id, span_id] : span.links) made.push_back({trace_id, span_id, {}});
    return made;
  }

  std::vector<model::AttributeView> resource_;
  std::deque<std::vector<model::AttributeView>> attributes_;
  std::deque<std::vector<model::LinkView>> links_;
  std::vector<model::SpanView> views_;
};

}  // namespace

ViolationSpan make_violation_span(const storage::TailRecord& record, const SpanOptions& options) {
  const Violation& violation = record.record.violation;
  const bool is_withdrawal = record.record.type == model::RecordType::Revision;
  ViolationSpan span;
  span.kind = is_withdrawal ? SpanKind::Withdrawal : SpanKind::Violation;
  span.trace_id = options.is_own_trace ? own_trace_id(violation.key) : violation.trace_id;
  span.span_id = is_withdrawal ? violation.key.withdrawn_span_id() : violation.key.span_id();
  if (is_mutant('n')) span.span_id.bytes.back() = static_cast<std::uint8_t>(std::random_device()());
  if (!options.is_own_trace) span.parent_span_id = violation.span_id;
  if (!is_withdrawal && is_grave(violation.severity)) span.status = model::StatusCode::Error;
  span.start_time = span.time = violation.timestamp;
  span.message = violation.message;
  span.is_signed = !record.place.signature.empty();
  add_texts(record, &span);
  if (is_withdrawal) span.links.emplace_back(span.trace_id, violation.key.span_id());
  for (const model::Witness& witness : violation.witnesses) {
    span.links.emplace_back(violation.trace_id, witness.span.view().span_id);
  }
  return span;
}

std::string write_request(std::span<const ViolationSpan* const> spans, const SpanOptions& options) {
  RequestViews request(options);
  for (const ViolationSpan* span : spans) request.add(*span);
  return otlp::write_protobuf(request.views());
}

}  // namespace betrace::exporter
